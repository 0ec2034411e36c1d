// Role: a listed line, reduced to what tells whether it is another than the last time.
#pragma once

#include <cstdint>

namespace medimirror {

struct Fingerprint {
  std::uint64_t high = 0, low = 0;  // XXH3-128 of the line's JSON
  bool operator==(const Fingerprint&) const = default;
};

// Of an item that is listed twice. The order of the two matters, and the service keeps it.
constexpr Fingerprint join(Fingerprint first, Fingerprint second) {
  return {first.high * 0x9E3779B97F4A7C15u + second.high, first.low * 0xC2B2AE3D27D4EB4Fu + second.low};
}

}  // namespace medimirror
