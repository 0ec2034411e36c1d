// Role: how fast a run goes, smoothed, so that the time left does not jump about. Pure: time is an argument.
#pragma once

#include <optional>

#include "report/progress.h"

namespace medimirror {

class Rate {
 public:
  explicit Rate(SteadyTime start) : last_(start) {}

  void update(const ProgressSnapshot& snapshot, SteadyTime now);

  double items_per_second() const { return items_; }
  double bytes_per_second() const { return bytes_; }
  // Nothing while the listing runs (the whole is not known), while a host is waited for, and while there is no rate.
  std::optional<Millis> time_left(const ProgressSnapshot& snapshot) const;

 private:
  SteadyTime last_, moved_{};  // when it was looked at, and when something was done
  std::uint64_t last_done_ = 0, last_bytes_ = 0;
  double items_ = 0, bytes_ = 0;
  bool known_ = false;
};

}  // namespace medimirror
