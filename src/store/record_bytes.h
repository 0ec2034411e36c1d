// Role: the bytes that records are made of, in both directions: numbers, texts, lists, and the check at their end. Pure.
// Place: record and view_number say which fields a record has; a RecordWriter and a RecordReader go over them the same way, so
// that the two directions cannot drift apart.
// Format: record.h.
// Failure: a reader never throws and never reads out of bounds; complete() says whether all of it was there, and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"

namespace medimirror {

std::uint64_t check_of(std::string_view bytes);        // XXH3-64
std::uint32_t short_check_of(std::string_view bytes);  // its low half

template <typename Integer>
void append_fixed(std::string& out, Integer value) {  // little-endian
  for (std::size_t i = 0; i < sizeof value; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

template <typename Integer>
Integer load_fixed(const char* from) {
  Integer value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i)
    value |= static_cast<Integer>(static_cast<Integer>(static_cast<unsigned char>(from[i])) << (8 * i));
  return value;
}

inline void append_big_endian(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

inline std::uint64_t load_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes.substr(0, 8)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

class RecordWriter {
 public:
  explicit RecordWriter(std::string& out) : out_(out) {}

  void byte(const std::uint8_t& value) { out_.push_back(static_cast<char>(value)); }
  void flag(const bool& value) { byte(value ? 1 : 0); }
  template <typename Enum>
  void enumeration(const Enum& value, Enum /*last*/) {
    byte(static_cast<std::uint8_t>(value));
  }
  void number(const std::uint64_t& value) {
    std::uint64_t rest = value;
    for (; rest >= 0x80; rest >>= 7) byte(static_cast<std::uint8_t>(rest | 0x80));
    byte(static_cast<std::uint8_t>(rest));
  }
  void number(const std::uint32_t& value) { number(std::uint64_t{value}); }
  void number(const std::int64_t& value) {
    number(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  }
  void number(const int& value) { number(std::int64_t{value}); }
  void text(const std::string& value) {
    number(std::uint64_t{value.size()});
    out_.append(value);
  }
  // Held pictures mostly come from the URL that is wanted now: one byte instead of the same URL again.
  void text_like(const std::string& value, const std::string& other) {
    byte(value.empty() ? 0 : value == other ? 1 : 2);
    if (!value.empty() && value != other) text(value);
  }
  void digest(const Digest& value) { out_.append(value.view()); }
  template <typename Value, typename Each>
  void optional(const std::optional<Value>& value, Each each) {
    flag(value.has_value());
    if (value) each(*value);
  }
  template <typename Element, typename Each>
  void list(const std::vector<Element>& elements, Each each) {
    number(std::uint64_t{elements.size()});
    for (const Element& element : elements) each(element);
  }

 private:
  std::string& out_;
};

class RecordReader {
 public:
  explicit RecordReader(std::string_view bytes) : rest_(bytes) {}

  bool complete() const { return good_ && rest_.empty(); }

  void byte(std::uint8_t& value) {
    const std::string_view bytes = take(1);
    value = bytes.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(bytes[0]);
  }
  void flag(bool& value) {
    std::uint8_t raw = 0;
    byte(raw);
    require(raw <= 1);
    value = raw == 1;
  }
  template <typename Enum>
  void enumeration(Enum& value, Enum last) {
    std::uint8_t raw = 0;
    byte(raw);
    require(raw <= static_cast<std::uint8_t>(last));
    value = static_cast<Enum>(raw);
  }
  void number(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      std::uint8_t group = 0;
      byte(group);
      require(shift < 63 || group <= 1);  // the tenth byte holds the one bit that is left
      value |= std::uint64_t{group & 0x7Fu} << shift;
      if (group < 0x80) return;
    }
    good_ = false;
  }
  void number(std::uint32_t& value) { narrow<std::uint64_t>(value); }
  void number(std::int64_t& value) {
    std::uint64_t zigzag = 0;
    number(zigzag);
    value = static_cast<std::int64_t>(zigzag >> 1 ^ (0 - (zigzag & 1)));
  }
  void number(int& value) { narrow<std::int64_t>(value); }
  void text(std::string& value) {
    std::uint64_t size = 0;
    number(size);
    value = take(size);
  }
  void text_like(std::string& value, const std::string& other) {
    std::uint8_t how = 0;
    byte(how);
    require(how <= 2);
    if (how == 1) value = other;
    if (how == 2) text(value);
  }
  void digest(Digest& value) {
    const std::string_view bytes = take(value.bytes.size());
    if (!bytes.empty()) std::memcpy(value.bytes.data(), bytes.data(), bytes.size());
  }
  template <typename Value, typename Each>
  void optional(std::optional<Value>& value, Each each) {
    bool present = false;
    flag(present);
    if (present) each(value.emplace());
  }
  template <typename Element, typename Each>
  void list(std::vector<Element>& elements, Each each) {
    std::uint64_t count = 0;
    number(count);
    require(count <=
            rest_.size());  // an element takes at least a byte: no record makes us reserve more than it is
    for (std::uint64_t i = 0; good_ && i < count; ++i) each(elements.emplace_back());
  }

 private:
  void require(bool holds) { good_ = good_ && holds; }

  std::string_view take(std::uint64_t size) {
    require(size <= rest_.size());
    if (!good_) return {};
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  template <typename Wide, typename Narrow>
  void narrow(Narrow& value) {
    Wide wide = 0;
    number(wide);
    value = static_cast<Narrow>(wide);
    require(static_cast<Wide>(value) == wide);
  }

  std::string_view rest_;
  bool good_ = true;
};

}  // namespace medimirror
