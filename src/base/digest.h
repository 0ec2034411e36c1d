// Role: the name of content: a SHA-256, as a value that can be compared, printed and parsed.
// Not here: computing one (sha256.h).
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace medimirror {

struct Digest {
  std::array<std::uint8_t, 32> bytes{};

  auto operator<=>(const Digest&) const = default;

  std::string hex() const;  // 64 lower-case digits
  static std::optional<Digest> parse(std::string_view hex);

  std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  static std::optional<Digest> from_bytes(std::string_view raw);  // of exactly 32
};

}  // namespace medimirror

// A SHA-256 is already evenly spread: its first bytes are the hash.
template <>
struct std::hash<medimirror::Digest> {
  std::size_t operator()(const medimirror::Digest& digest) const noexcept {
    std::size_t value;
    std::memcpy(&value, digest.bytes.data(), sizeof value);
    return value;
  }
};
