// Role: numbers out of bytes that may end anywhere: a cursor that cannot leave its bytes.
// Failure: a read past the end gives 0 and sets failed(); the cursor then stays at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace medimirror {

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes, std::size_t at = 0) : bytes_(bytes), at_(at) {
    if (at_ > bytes_.size()) fail();
  }

  std::size_t at() const { return at_; }
  std::size_t left() const { return bytes_.size() - at_; }
  bool failed() const { return failed_; }

  std::uint8_t u8() { return static_cast<std::uint8_t>(big_endian(1)); }
  std::uint16_t be16() { return static_cast<std::uint16_t>(big_endian(2)); }
  std::uint32_t be32() { return static_cast<std::uint32_t>(big_endian(4)); }
  std::uint64_t be64() { return big_endian(8); }
  std::uint16_t le16() { return static_cast<std::uint16_t>(little_endian(2)); }
  std::uint32_t le24() { return static_cast<std::uint32_t>(little_endian(3)); }
  std::uint32_t le32() { return static_cast<std::uint32_t>(little_endian(4)); }

  std::string_view take(std::uint64_t count) {
    if (count > left()) return fail();
    const std::string_view taken = bytes_.substr(at_, static_cast<std::size_t>(count));
    at_ += static_cast<std::size_t>(count);
    return taken;
  }
  void skip(std::uint64_t count) { take(count); }

 private:
  std::string_view fail() {
    failed_ = true;
    at_ = bytes_.size();
    return {};
  }
  std::uint64_t big_endian(unsigned count) {
    std::uint64_t value = 0;
    for (const char c : take(count)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::uint64_t little_endian(unsigned count) {
    std::uint64_t value = 0;
    unsigned shift = 0;
    for (const char c : take(count)) {
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(c)) << shift;
      shift += 8;
    }
    return value;
  }

  std::string_view bytes_;
  std::size_t at_;
  bool failed_ = false;
};

}  // namespace medimirror
