// A run's time goes on as steadily as the machine does, whoever sets its clock meanwhile.
#include "base/run_clock.h"

#include <gtest/gtest.h>

#include "support/manual_clock.h"

namespace medimirror {
namespace {

TEST(RunClock, IsNotMovedByWhoSetsTheClock) {
  ManualClock machine;
  const RunClock clock(machine);
  const WallTime began = clock.wall_now();
  EXPECT_EQ(began, machine.wall_now());
  for (const int hours : {87'600, -87'600, 1}) {
    machine.set_wall(machine.wall_now() + std::chrono::hours(hours));
    machine.advance(Millis(500));
  }
  EXPECT_EQ(clock.wall_now() - began, Millis(1500));
  EXPECT_EQ(clock.steady_now(), machine.steady_now());
}

}  // namespace
}  // namespace medimirror
