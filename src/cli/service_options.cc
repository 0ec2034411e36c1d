#include "cli/service_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/descriptors.h"
#include "base/sha256.h"
#include "http/url.h"

namespace medimirror {

namespace {

std::filesystem::path state_folder(const Config& config) {
  const auto absolute = [](const char* value) { return value != nullptr && value[0] == '/'; };
  if (const char* state = std::getenv("XDG_STATE_HOME"); absolute(state))
    return std::filesystem::path(state) / "medimirror";
  if (const char* home = std::getenv("HOME"); absolute(home))
    return std::filesystem::path(home) / ".local/state/medimirror";
  return config.store_dir;
}

}  // namespace

ApiOptions api_options(const Config& config) {
  ApiOptions options = config.api;
  if (const auto origin = config.origins.find("api.secret"); origin != config.origins.end())
    options.secret_origin = origin->second;
  options.retry.attempts_max = config.media.attempts;
  const std::optional<Url> url = parse_url(config.api.base_url);
  const std::string whose = (url ? url->origin() : config.api.base_url) + " " + config.api.key_id;
  options.request_ledger =
      state_folder(config) / fmt::format("requests-{}", sha256(whose).hex().substr(0, 16));
  options.compression = !(url && is_loopback_host(url->host));
  return options;
}

CurlTransportOptions transport_options(const Config& config) {
  CurlTransportOptions options;
  options.user_agent = user_agent(config);
  options.connections_per_host = affordable_descriptors(config.media.connections);
  options.requests_max =
      affordable_descriptors(std::max<std::size_t>(options.requests_max, config.media.connections + 4));
  options.bytes_per_second_max = config.media.bandwidth;
  options.http2 = config.media.http2;
  return options;
}

}  // namespace medimirror
