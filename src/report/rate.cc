#include "report/rate.h"

#include <algorithm>
#include <cmath>

namespace medimirror {

namespace {

constexpr double kSampleSecondsMin = 0.5;
constexpr double kMemorySeconds = 10;  // after this long, two thirds of a rate are of what happened since
constexpr Millis kIdleMax{30'000};     // with nothing done for so long, there is no rate to speak of

}  // namespace

void Rate::update(const ProgressSnapshot& snapshot, SteadyTime now) {
  const double seconds = std::chrono::duration<double>(now - last_).count();
  if (seconds < kSampleSecondsMin) return;
  const auto speed = [&](std::uint64_t current, std::uint64_t before) {
    return static_cast<double>(current - std::min(current, before)) / seconds;
  };
  const double weight = known_ ? 1 - std::exp(-seconds / kMemorySeconds) : 1;
  items_ += weight * (speed(snapshot.done, last_done_) - items_);
  bytes_ += weight * (speed(snapshot.bytes, last_bytes_) - bytes_);
  known_ = known_ || snapshot.done > 0;
  if (snapshot.done != last_done_) moved_ = now;
  last_ = now;
  last_done_ = snapshot.done;
  last_bytes_ = snapshot.bytes;
}

std::optional<Millis> Rate::time_left(const ProgressSnapshot& snapshot) const {
  if (!snapshot.listing_done || !known_) return std::nullopt;
  if (snapshot.done >= snapshot.to_fetch) return Millis(0);
  if (!snapshot.waits.empty() || items_ <= 0 || last_ - moved_ > kIdleMax) return std::nullopt;
  const double left = static_cast<double>(snapshot.to_fetch - snapshot.done);
  return Millis(static_cast<std::int64_t>(1000 * left / items_));
}

}  // namespace medimirror
