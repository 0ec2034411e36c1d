// Role: an observer of a run. The pipeline tells, whoever shows it decides how: one live line on a terminal,
// plain lines in a log, JSON lines for programs.
// Threads: called from the loop's thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/waiting.h"

namespace medimirror {

struct ProgressSnapshot {
  std::uint64_t listed = 0;
  bool listing_done = false;
  std::uint64_t to_fetch = 0;  // known so far: done + waiting + in flight
  std::uint64_t done = 0;      // fetched, not modified or failed
  std::uint64_t failed = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t bytes = 0;  // downloaded
  std::vector<Waiting> waits;
};

class Progress {
 public:
  virtual ~Progress() = default;
  virtual void update(const ProgressSnapshot& snapshot, SteadyTime now) = 0;  // often; shows at its own pace
  virtual void say(
      std::string_view sentence) = 0;       // "listing cut: …", "draining, press Ctrl-C again to stop now"
  virtual void finish(SteadyTime now) = 0;  // clears a live line
};

enum class ProgressStyle { none, terminal, plain, json };

// Shows on `fd` (stderr). plain: a line every 10 s and at the end; json: an object a second.
std::unique_ptr<Progress> make_progress(ProgressStyle style, int fd, SteadyTime start);

}  // namespace medimirror
