#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/service_options.h"
#include "http/curl_transport.h"
#include "upkeep/doctor.h"

namespace medimirror {

namespace {

std::vector<Check> examine(const Config& config) {
  std::vector<Check> checks = examine_disk({.store_folder = config.store_dir,
                                            .media_folder = config.media_dir,
                                            .reserve_bytes = config.publish.reserve});
  for (Check& check : examine_owner({.root = config.root,
                      .store_folder = config.store_dir,
                      .media_folder = config.media_dir,
                      .reports_folder = config.reports_dir(),
                      .user = ::geteuid()}))
    checks.push_back(std::move(check));
  try {
    require_api_key(config);
  } catch (const Error& error) {
    checks.push_back({Check::Result::bad, "key", error.what()});
    return checks;
  }
  const SystemClock clock;
  const std::unique_ptr<Transport> transport = make_curl_transport(transport_options(config));
  const std::vector<Check> service =
      examine_service({.api = api_options(config),
                       .filter = config.select.filter,
                       .media_base = config.media.base_url,
                       .allowed_hosts = config.media.allowed_hosts,
                       .allow_private_addresses = config.media.allow_private_addresses,
                       .user_agent = user_agent(config)},
                      *transport, clock);
  checks.insert(checks.end(), service.begin(), service.end());
  return checks;
}

}  // namespace

ExitStatus doctor_command(const Config& config, bool json) {
  const std::vector<Check> checks = examine(config);
  const bool bad =
      std::ranges::any_of(checks, [](const Check& check) { return check.result == Check::Result::bad; });
  if (json) {
    nlohmann::ordered_json all;
    all["healthy"] = !bad;
    all["checks"] = nlohmann::json::array();
    for (const Check& check : checks)
      all["checks"].push_back(
          {{"result", name_of(check.result)}, {"what", check.what}, {"sentence", check.sentence}});
    fmt::print("{}\n", all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    for (const std::string& warning : config.warnings) fmt::print("warning  configuration: {}\n", warning);
    for (const Check& check : checks)
      fmt::print("{:<8} {}: {}\n", name_of(check.result), check.what, check.sentence);
  }
  return bad ? ExitStatus::failed : ExitStatus::done;
}

}  // namespace medimirror
