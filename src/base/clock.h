// Role: time as an argument. Steady time for waiting and measuring, wall time for records and for the request
// window that must hold across restarts. Tests pass a clock they move by hand (tests/support/manual_clock.h).
#pragma once

#include <chrono>
#include <cstdint>

namespace medimirror {

using Millis = std::chrono::milliseconds;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;
using WallTime = std::chrono::sys_time<Millis>;
using UnixSeconds = std::int64_t;  // as the service and the records write time

class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime steady_now() const = 0;
  virtual WallTime wall_now() const = 0;

  UnixSeconds unix_now() const {
    return std::chrono::floor<std::chrono::seconds>(wall_now()).time_since_epoch().count();
  }
};

class SystemClock final : public Clock {
 public:
  SteadyTime steady_now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall_now() const override { return std::chrono::floor<Millis>(std::chrono::system_clock::now()); }
};

}  // namespace medimirror
