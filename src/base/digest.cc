#include "base/digest.h"

#include <algorithm>
#include <array>

namespace medimirror {

namespace {

constexpr std::uint8_t kNoDigit = 0xFF;

// A table, because the digits of a digest are random and every comparison of them is a wrong guess of the processor.
constexpr std::array<std::uint8_t, 256> kHexValues = [] {
  std::array<std::uint8_t, 256> values{};
  for (std::uint8_t& value : values) value = kNoDigit;
  for (std::uint8_t i = 0; i < 10; ++i) values[std::size_t{'0'} + i] = i;
  for (std::uint8_t i = 0; i < 6; ++i) values[std::size_t{'a'} + i] = static_cast<std::uint8_t>(10 + i);
  return values;
}();

std::uint8_t hex_value(char c) {
  return kHexValues[static_cast<unsigned char>(c)];
}

}  // namespace

std::string Digest::hex() const {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(64, '0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    text[2 * i] = kDigits[bytes[i] >> 4];
    text[2 * i + 1] = kDigits[bytes[i] & 15];
  }
  return text;
}

std::optional<Digest> Digest::from_bytes(std::string_view raw) {
  Digest digest;
  if (raw.size() != digest.bytes.size()) return std::nullopt;
  std::memcpy(digest.bytes.data(), raw.data(), raw.size());
  return digest;
}

std::optional<Digest> Digest::parse(std::string_view hex) {
  Digest digest;
  if (hex.size() != 2 * digest.bytes.size()) return std::nullopt;
  std::uint8_t worst = 0;
  for (std::size_t i = 0; i < digest.bytes.size(); ++i) {
    const std::uint8_t high = hex_value(hex[2 * i]);
    const std::uint8_t low = hex_value(hex[2 * i + 1]);
    worst = std::max({worst, high, low});
    digest.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  if (worst == kNoDigit) return std::nullopt;
  return digest;
}

}  // namespace medimirror
