// Role: the clock of a run: the wall's time as it was when the run began, and from then on as much later as steady time says.
// So a clock that somebody sets, or that jumps, while a run works changes nothing for it: not the window of requests, not a
// pause a host asked for, not the order of what is recorded.
#pragma once

#include "base/clock.h"

namespace medimirror {

class RunClock final : public Clock {
 public:
  explicit RunClock(const Clock& real)
      : real_(real), wall_began_(real.wall_now()), began_(real.steady_now()) {}

  SteadyTime steady_now() const override { return real_.steady_now(); }
  WallTime wall_now() const override {
    return wall_began_ + std::chrono::floor<Millis>(real_.steady_now() - began_);
  }

 private:
  const Clock& real_;
  const WallTime wall_began_;
  const SteadyTime began_;
};

}  // namespace medimirror
