#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "cli/open_mirror.h"
#include "cli/service_options.h"
#include "cli/signals.h"
#include "cli/verify_flags.h"
#include "http/curl_transport.h"
#include "upkeep/verify_remote.h"

namespace medimirror {

namespace {

constexpr std::size_t kConnections = 4;  // nobody waits for this

std::string_view word_for(RemoteState state) {
  switch (state) {
    case RemoteState::same:
      return "same";
    case RemoteState::stale:
      return "stale";
    case RemoteState::vanished:
      return "vanished";
    case RemoteState::unclear:
      return "unclear";
  }
  return "unclear";
}

RemoteOptions remote_options(const Config& config, const std::string& sample, const Index& index) {
  RemoteOptions options;
  const auto amount = parse_count_or_share(sample);
  if (!amount)
    throw Error(ErrorKind::usage,
                fmt::format("--sample: \"{}\" is not a count or a share such as 1%", sample));
  const auto assets = static_cast<double>(std::max<std::uint64_t>(1, index.view().asset_count()));
  options.share = amount->is_share ? amount->value / 100 : std::min(1.0, amount->value / assets);
  options.allowed_hosts = config.media.allowed_hosts;
  options.allow_private_addresses = config.media.allow_private_addresses;
  options.bytes_max = config.media.bytes_max;
  options.limits = config.media.limits;
  return options;
}

nlohmann::ordered_json to_json(const RemoteReport& report) {
  return {{"held", report.held},         {"without_validators", report.without_validators},
          {"chosen", report.chosen},     {"asked", report.asked},
          {"same", report.same},         {"stale", report.stale},
          {"vanished", report.vanished}, {"unclear", report.unclear},
          {"bytes", report.bytes},       {"ended_early", report.ended_early}};
}

void print_text(const RemoteReport& report) {
  fmt::print(
      "asked for {} of {} held pictures: {} the same, {} stale, {} vanished, {} unclear ({} received)\n",
      format_count(report.asked), format_count(report.held), format_count(report.same),
      format_count(report.stale), format_count(report.vanished), format_count(report.unclear),
      format_bytes(report.bytes));
  if (report.without_validators > 0)
    fmt::print("{} cannot be asked for conditionally: their hosts gave no ETag and no date\n",
               format_count(report.without_validators));
  if (!report.ended_early.empty()) fmt::print("{}\n", report.ended_early);
}

}  // namespace

ExitStatus verify_remote_command(const Config& config, const VerifyFlags& flags) {
  const std::unique_ptr<Index> index = open_mirror(config);
  const RemoteOptions options = remote_options(config, flags.sample, *index);
  StopFlag stop;
  const SignalWatch signals(stop);
  CurlTransportOptions wire = transport_options(config);
  wire.connections_per_host = std::min(wire.connections_per_host, kConnections);
  const std::unique_ptr<Transport> transport = make_curl_transport(wire);
  const SystemClock clock;
  nlohmann::ordered_json pictures = nlohmann::ordered_json::array();
  const RemoteReport report = verify_remote(
      options, *index, *transport, clock, stop,
      [&](RemoteState state, const AssetKey& key, const std::string& url, const std::string& detail) {
        if (flags.json) {
          pictures.push_back({{"state", word_for(state)},
                              {"media_id", key.media},
                              {"format", key.format},
                              {"url", url},
                              {"detail", detail}});
        } else {
          fmt::print("{}: media {} {}: {}: {}\n", word_for(state), key.media, key.format, url, detail);
        }
      });
  if (flags.json) {
    nlohmann::ordered_json json = to_json(report);
    json["pictures"] = std::move(pictures);
    fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    print_text(report);
  }
  if (report.interrupted) return ExitStatus::interrupted;
  if (report.stale + report.vanished > 0) return ExitStatus::some_failed;
  return report.ended_early.empty() ? ExitStatus::done : ExitStatus::try_later;
}

}  // namespace medimirror
