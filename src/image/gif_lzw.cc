// GIF89a, Appendix F: codes of 3 to 12 bits, lowest bit first; each new one is the one before and a pixel more.
#include "image/gif_lzw.h"

#include <array>
#include <optional>

#include "image/byte_reader.h"

namespace medimirror {

namespace {

constexpr unsigned kCodes = 4096, kCodeBitsMax = 12;

class CodeReader {
 public:
  explicit CodeReader(std::string_view blocks) : blocks_(blocks) {}

  std::optional<unsigned> next(unsigned bits) {
    while (held_bits_ < bits) {
      if (left_in_block_ == 0) left_in_block_ = blocks_.u8();
      if (left_in_block_ == 0) return std::nullopt;
      held_ |= std::uint32_t{blocks_.u8()} << held_bits_;
      if (blocks_.failed()) return std::nullopt;
      held_bits_ += 8;
      --left_in_block_;
    }
    const unsigned code = held_ & ((1u << bits) - 1);
    held_ >>= bits;
    held_bits_ -= bits;
    return code;
  }

 private:
  ByteReader blocks_;
  unsigned left_in_block_ = 0;
  std::uint32_t held_ = 0;
  unsigned held_bits_ = 0;
};

}  // namespace

std::uint64_t count_lzw_pixels(unsigned code_bits, std::string_view blocks) {
  if (code_bits < 1 || code_bits > 8) return 0;
  const unsigned clear = 1u << code_bits, end = clear + 1;
  std::array<std::uint32_t, kCodes> pixels;
  pixels.fill(1);
  unsigned bits = code_bits + 1, known = end + 1;
  std::uint32_t before = 0;
  std::uint64_t count = 0;
  CodeReader codes(blocks);
  while (const std::optional<unsigned> code = codes.next(bits)) {
    if (*code == end) break;
    if (*code == clear) {
      bits = code_bits + 1;
      known = end + 1;
      before = 0;
      continue;
    }
    if (before > 0 && known < kCodes) pixels[known++] = before + 1;
    if (*code >= known) break;
    if (known == 1u << bits && bits < kCodeBitsMax) ++bits;
    before = pixels[*code];
    count += before;
  }
  return count;
}

}  // namespace medimirror
