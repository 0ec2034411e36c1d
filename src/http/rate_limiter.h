// Role: at most N requests in any 60 seconds, as a sliding window. Time is an argument; pure but for the
// ledger.
// Place: api/client asks before each request. The window must hold across restarts and across two processes,
// so the times of the last N requests live in a ledger file that every process with the same key shares. The
// service counts arrivals, we know departures: a request that took long to arrive sits later in its window
// than in ours. kWindow therefore has a margin, and who calls answered() makes the limit strict whatever the
// latency: a request had surely arrived when its answer came.
// Threads: one. Nothing here blocks: a ledger that another process holds just now means "ask again in a
// moment".
// Failure: never throws. A ledger that cannot be read or written is a warning in the log, and the limit then
// holds within this process only; a damaged one is a warning and counts as empty, but for what this process
// itself knows.
// Limits: at most N lines are kept. A time in the future (the clock was set back) counts as now.
// Format of the ledger: text, one line a request: unix milliseconds, oldest first; then perhaps "pause " and
// the moment until which nobody asks. Read and rewritten in place under flock, never replaced: the lock is on
// the inode.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace medimirror {

constexpr std::size_t kRequestsPerMinute = 45;  // the service takes 45 to 100, by what it says itself
constexpr Millis kRateWindow{61'000};           // the service's 60 s and a margin for the way there
constexpr Millis kRatePauseMax{std::chrono::hours(24)};  // what the service may ask for; more counts as this

// When may the next request go? Nothing: now. `window` holds the times of earlier requests, any order.
std::optional<WallTime> next_allowed(const std::vector<WallTime>& window, std::size_t per_minute,
                                     WallTime now);

class RateLimiter {
 public:
  struct Options {
    std::size_t per_minute = kRequestsPerMinute;  // 0 counts as 1
    std::filesystem::path ledger;                 // empty: this process only
  };
  explicit RateLimiter(Options options);

  // Takes a place in the window if there is one and returns nothing; else says when to ask again.
  std::optional<WallTime> try_take(WallTime now);

  // The answer to the request that took its place at `taken` (the `now` given then) began to arrive: its
  // place is moved to `now`.
  void answered(WallTime taken, WallTime now);

  // The service said "too many" (429): nobody takes a place before then; kept in the ledger too.
  void pause_until(WallTime until);
  WallTime paused_until() const { return book_.paused_until; }  // as last read

 private:
  struct Book {
    std::vector<WallTime> requests;
    WallTime paused_until{};
    bool operator==(const Book&) const = default;
  };
  class Ledger;  // the file, open and locked

  enum class Access { mine, busy, none };
  template <typename Change>
  Access change_book(Change change);
  std::optional<WallTime> try_take_from(Book& book, WallTime now) const;
  void give_up_ledger(std::string_view why);

  Options options_;
  Book book_;  // as last read from the ledger; the truth where there is none
  std::optional<WallTime> busy_since_;
};

}  // namespace medimirror
