// Role: sizes, spans of time, shares and dates as people write and read them.
// Failure: parsing returns nothing for what it does not understand; the caller knows the key and the line.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace medimirror {

// "300", "64K", "10MiB", "2 GB": K, M, G, T are powers of 1024, with or without iB; KB, MB, … are powers of
// 1000.
std::optional<std::uint64_t> parse_bytes(std::string_view text);
std::string format_bytes(std::uint64_t bytes);  // "412 B", "45.2 KB", "3.1 GB" (powers of 1000)

// "90" (seconds), "30s", "5m", "2h", "14d".
std::optional<std::chrono::seconds> parse_duration(std::string_view text);
std::string format_duration(Millis span);  // "0.4 s", "3 min 12 s", "2 h 05 min", "14 days"

// A limit on how many: "250", or a share: "10%", "2.5%".
struct CountOrShare {
  double value = 0;
  bool is_share = false;  // value is then a percentage, 0 to 100

  std::uint64_t of(
      std::uint64_t total) const;  // a share is rounded up, so that a small tree can change at all
  std::string text() const;
  bool operator==(const CountOrShare&) const = default;
};
std::optional<CountOrShare> parse_count_or_share(std::string_view text);

std::string format_utc(UnixSeconds time);                     // "2026-11-21T18:04:05Z"
std::optional<UnixSeconds> parse_utc(std::string_view text);  // the same, or "2026-11-21", or unix seconds
std::string format_count(std::uint64_t count);                // "12 345"

}  // namespace medimirror
