// Role: counts what clients do, so that tests can assert on numbers of requests and on manners: pace,
// Retry-After, secrets sent to the wrong place.
// Threads: any number; one short lock a request.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace medimirror::sandbox {

struct Request;

class Stats {
 public:
  explicit Stats(const Clock& clock) : clock_(clock), since_(clock.steady_now()) {}

  void connection_opened();
  void begin(std::string_view endpoint, const Request& request);
  // `retry_after_seconds` < 0: none was sent.
  void end(std::string_view endpoint, const Request& request, int status, std::uint64_t body_bytes,
           double retry_after_seconds);
  void fault_applied(std::string_view kind);

  std::string json() const;
  void reset();

 private:
  struct Second {
    std::int64_t second = 0;
    std::uint64_t api = 0, media = 0;
  };
  struct Counts {
    std::map<std::string, std::uint64_t, std::less<>> requests, faults, user_agents, accept_languages;
    std::map<int, std::uint64_t> statuses, api_statuses, media_statuses;
    std::deque<Second> seconds;  // of the last minute
    std::uint64_t connections = 0, bytes_api = 0, bytes_media = 0, not_modified = 0, refused_429 = 0;
    std::uint64_t early_same_path = 0, early_same_host = 0;
    std::uint64_t authorization_on_media = 0, most_at_once = 0, most_media_at_once = 0, api_in_60s_max = 0;
  };

  const Clock& clock_;
  mutable std::mutex mutex_;
  Counts counts_;
  SteadyTime since_;
  std::uint64_t open_ = 0, media_open_ = 0;
  std::deque<SteadyTime> api_minute_;
  std::unordered_map<std::string, SteadyTime> closed_until_;  // path -> end of its Retry-After
  SteadyTime api_closed_until_{}, media_closed_until_{};
};

}  // namespace medimirror::sandbox
