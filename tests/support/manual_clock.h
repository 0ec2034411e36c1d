// A clock that stands still until a test moves it.
#pragma once

#include "base/clock.h"

namespace medimirror {

class ManualClock final : public Clock {
 public:
  SteadyTime steady_now() const override { return steady_; }
  WallTime wall_now() const override { return wall_; }

  void advance(Millis span) {
    steady_ += span;
    wall_ += span;
  }
  void set_wall(WallTime wall) { wall_ = wall; }  // as when somebody sets the machine's clock

 private:
  SteadyTime steady_{std::chrono::hours(1000)};
  WallTime wall_{std::chrono::seconds(1'780'000'000)};
};

}  // namespace medimirror
