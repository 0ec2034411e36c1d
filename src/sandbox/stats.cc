#include "sandbox/stats.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sandbox/exchange.h"

namespace medimirror::sandbox {
namespace {

constexpr std::size_t kNamesMax = 200;      // of user agents and the like
constexpr std::size_t kPathsMax = 100'000;  // with a Retry-After that is remembered

void count_name(std::map<std::string, std::uint64_t, std::less<>>& names, std::string_view name) {
  if (const auto found = names.find(name); found != names.end()) {
    ++found->second;
  } else if (names.size() < kNamesMax) {
    names.emplace(name, 1);
  }
}

bool is_media(std::string_view endpoint) {
  return endpoint == "media_file";
}
bool is_admin(std::string_view endpoint) {
  return endpoint == "admin";
}

}  // namespace

void Stats::connection_opened() {
  const std::lock_guard lock(mutex_);
  ++counts_.connections;
}

void Stats::begin(std::string_view endpoint, const Request& request) {
  if (is_admin(endpoint)) return;
  const SteadyTime now = clock_.steady_now();
  const std::lock_guard lock(mutex_);
  const bool media = is_media(endpoint);
  count_name(counts_.requests, endpoint);
  count_name(counts_.user_agents, request.user_agent);
  counts_.most_at_once = std::max(counts_.most_at_once, ++open_);
  if (media) {
    counts_.most_media_at_once = std::max(counts_.most_media_at_once, ++media_open_);
    if (!request.authorization.empty()) ++counts_.authorization_on_media;
  } else {
    count_name(counts_.accept_languages, request.accept_language);
    api_minute_.push_back(now);
    while (api_minute_.front() <= now - std::chrono::seconds(60)) api_minute_.pop_front();
    counts_.api_in_60s_max = std::max<std::uint64_t>(counts_.api_in_60s_max, api_minute_.size());
  }
  if (now < (media ? media_closed_until_ : api_closed_until_)) ++counts_.early_same_host;
  if (!closed_until_.empty()) {
    const auto closed = closed_until_.find(request.path);
    if (closed != closed_until_.end() && now < closed->second) ++counts_.early_same_path;
  }

  const std::int64_t second = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  auto& seconds = counts_.seconds;
  if (seconds.empty() || seconds.back().second != second) seconds.push_back({second, 0, 0});
  ++(media ? seconds.back().media : seconds.back().api);
  while (seconds.front().second <= second - 60) seconds.pop_front();
}

void Stats::end(std::string_view endpoint, const Request& request, int status, std::uint64_t body_bytes,
                double retry_after_seconds) {
  if (is_admin(endpoint)) return;
  const std::lock_guard lock(mutex_);
  const bool media = is_media(endpoint);
  --open_;
  if (media) --media_open_;
  ++counts_.statuses[status];
  ++(media ? counts_.media_statuses : counts_.api_statuses)[status];
  (media ? counts_.bytes_media : counts_.bytes_api) += body_bytes;
  if (status == 304) ++counts_.not_modified;
  if (status == 429) ++counts_.refused_429;
  if (retry_after_seconds >= 0) {
    const SteadyTime until = clock_.steady_now() + std::chrono::duration_cast<std::chrono::nanoseconds>(
                                                       std::chrono::duration<double>(retry_after_seconds));
    auto& host = media ? media_closed_until_ : api_closed_until_;
    host = std::max(host, until);
    if (closed_until_.size() < kPathsMax) closed_until_[request.path] = until;
  }
}

void Stats::fault_applied(std::string_view kind) {
  const std::lock_guard lock(mutex_);
  count_name(counts_.faults, kind);
}

std::string Stats::json() const {
  const SteadyTime now = clock_.steady_now();
  const std::lock_guard lock(mutex_);
  using nlohmann::ordered_json;
  const auto statuses = [](const std::map<int, std::uint64_t>& counts) {
    ordered_json out = ordered_json::object();
    for (const auto& [status, count] : counts) out[std::to_string(status)] = count;
    return out;
  };
  ordered_json out;
  // Every endpoint is named, so that "0 requests" can be read without a special case.
  out["requests"] = {{"media_query", 0},     {"media_stream", 0},  {"media_find", 0}, {"products_query", 0},
                     {"products_stream", 0}, {"products_find", 0}, {"media_file", 0}, {"unknown", 0}};
  for (const auto& [name, count] : counts_.requests) out["requests"][name] = count;
  out["statuses"] = statuses(counts_.statuses);
  out["api_statuses"] = statuses(counts_.api_statuses);
  out["media_statuses"] = statuses(counts_.media_statuses);
  out["not_modified"] = counts_.not_modified;
  out["refused_429"] = counts_.refused_429;
  out["bytes"] = {{"api", counts_.bytes_api}, {"media", counts_.bytes_media}};
  out["early_after_retry_after"] = {{"same_path", counts_.early_same_path},
                                    {"same_host", counts_.early_same_host}};
  out["api_in_any_60_s_max"] = counts_.api_in_60s_max;
  std::uint64_t api = 0, media = 0;
  const std::int64_t second = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  for (const Second& counted : counts_.seconds) {
    if (counted.second <= second - 60) continue;
    api += counted.api;
    media += counted.media;
  }
  out["last_60_s"] = {{"api", api}, {"media", media}};
  out["connections"] = counts_.connections;
  out["most_at_once"] = counts_.most_at_once;
  out["most_media_at_once"] = counts_.most_media_at_once;
  out["authorization_on_media"] = counts_.authorization_on_media;
  out["faults"] = counts_.faults;
  out["user_agents"] = counts_.user_agents;
  out["accept_languages"] = counts_.accept_languages;
  out["seconds"] = std::chrono::duration<double>(now - since_).count();
  return out.dump(2) + "\n";
}

void Stats::reset() {
  const std::lock_guard lock(mutex_);
  counts_ = {};
  since_ = clock_.steady_now();
  api_minute_.clear();
  closed_until_.clear();
  api_closed_until_ = media_closed_until_ = {};
}

}  // namespace medimirror::sandbox
