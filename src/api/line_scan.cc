#include "api/line_scan.h"

#include <bit>
#include <cstddef>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace medimirror {

namespace {

// What 64 bytes hold, a bit for each.
struct Block {
  std::uint64_t quote = 0, backslash = 0, open = 0, close = 0, odd = 0;
};

#if defined(__SSE2__)

Block read_block(const char* bytes) {
  Block block;
  for (int part = 0; part < 4; ++part) {
    const __m128i data = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 16 * part));
    // '[' and '{', ']' and '}' differ in bit 5 alone
    const __m128i folded = _mm_or_si128(data, _mm_set1_epi8(0x20));
    const auto bits = [part](__m128i mask) {
      return static_cast<std::uint64_t>(static_cast<std::uint16_t>(_mm_movemask_epi8(mask))) << (16 * part);
    };
    block.quote |= bits(_mm_cmpeq_epi8(data, _mm_set1_epi8('"')));
    block.backslash |= bits(_mm_cmpeq_epi8(data, _mm_set1_epi8('\\')));
    block.open |= bits(_mm_cmpeq_epi8(folded, _mm_set1_epi8('{')));
    block.close |= bits(_mm_cmpeq_epi8(folded, _mm_set1_epi8('}')));
    block.odd |=
        bits(_mm_cmplt_epi8(data, _mm_set1_epi8(0x20)));  // signed: control characters, and all beyond ASCII
  }
  return block;
}

#else

Block read_block(const char* bytes) {
  Block block;
  for (int i = 0; i < 64; ++i) {
    const std::uint64_t bit = std::uint64_t{1} << i;
    const char c = bytes[i];
    if (c == '"') block.quote |= bit;
    if (c == '\\') block.backslash |= bit;
    if (c == '{' || c == '[') block.open |= bit;
    if (c == '}' || c == ']') block.close |= bit;
    if (static_cast<signed char>(c) < 0x20) block.odd |= bit;
  }
  return block;
}

#endif

// The bits of the characters that a backslash escapes. `carry`: whether the first one of the next block is.
std::uint64_t escaped_of(std::uint64_t backslash, bool& carry) {
  std::uint64_t escaped = carry ? 1 : 0;
  backslash &= ~escaped;
  // "https:\/\/…": single ones, all at once
  if ((backslash & (backslash << 1)) == 0) {
    carry = (backslash >> 63) != 0;
    return escaped | (backslash << 1);
  }
  carry = false;
  while (backslash != 0) {
    const std::uint64_t first = backslash & (~backslash + 1);
    const std::uint64_t next = first << 1;
    if (next == 0) carry = true;
    escaped |= next;
    backslash &= ~(first | next);
  }
  return escaped;
}

// Each bit: the parity of the bits up to and with it.
std::uint64_t prefix_parity(std::uint64_t bits) {
  bits ^= bits << 1;
  bits ^= bits << 2;
  bits ^= bits << 4;
  bits ^= bits << 8;
  bits ^= bits << 16;
  bits ^= bits << 32;
  return bits;
}

class Cursor {
 public:
  explicit Cursor(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool token(char c) {
    spaces();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool token(std::string_view text) {
    spaces();
    if (static_cast<std::size_t>(end_ - at_) < text.size() || std::string_view(at_, text.size()) != text)
      return false;
    at_ += text.size();
    return true;
  }
  // No leading zero, no more than 19 digits, and nothing that would make it another number.
  bool number(std::uint64_t& value) {
    spaces();
    const char* const begin = at_;
    value = 0;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9' && at_ - begin < 20)
      value = 10 * value + static_cast<std::uint64_t>(*at_++ - '0');
    const auto digits = at_ - begin;
    if (digits == 0 || digits > 19 || (digits > 1 && *begin == '0')) return false;
    return at_ != end_ && (*at_ == ',' || *at_ == '}' || *at_ == ' ');
  }
  // A text without escapes, for ids.
  bool plain_text(std::string_view& text) {
    if (!token('"')) return false;
    const char* const begin = at_;
    while (at_ != end_ && *at_ != '"' && *at_ != '\\') ++at_;
    if (at_ == end_ || *at_ == '\\') return false;
    text = {begin, static_cast<std::size_t>(at_ - begin)};
    ++at_;
    return true;
  }
  bool next_is(char c) {
    spaces();
    return at_ != end_ && *at_ == c;
  }
  bool at_end() {
    spaces();
    return at_ == end_;
  }
  std::string_view rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }
  void skip(std::size_t bytes) { at_ += bytes; }

 private:
  void spaces() {
    while (at_ != end_ && *at_ == ' ') ++at_;
  }

  const char* at_;
  const char* end_;
};

bool read_id(Cursor cursor, ScannedLine& scanned) {
  if (!cursor.token('{') || !cursor.token("\"id\"") || !cursor.token(':')) return false;
  if (cursor.next_is('"')) {
    if (!cursor.plain_text(scanned.id_text) || scanned.id_text.empty()) return false;
  } else if (!cursor.number(scanned.id) || scanned.id == 0) {
    return false;
  }
  return cursor.next_is(',') || cursor.next_is('}');
}

}  // namespace

std::size_t object_length(std::string_view text) {
  std::int64_t depth = 0;
  bool escape_carry = false;
  std::uint64_t in_string = 0;  // all ones when a string is open at the start of the block
  for (std::size_t at = 0; at < text.size(); at += 64) {
    const Block block = read_block(text.data() + at);
    const std::size_t left = text.size() - at;
    const std::uint64_t inside = left >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
    const std::uint64_t escaped =
        block.backslash || escape_carry ? escaped_of(block.backslash, escape_carry) : 0;
    const std::uint64_t strings = prefix_parity(block.quote & ~escaped) ^ in_string;
    in_string = (strings >> 63) != 0 ? ~std::uint64_t{0} : 0;
    std::uint64_t open = block.open & ~strings & inside;
    std::uint64_t close = block.close & ~strings & inside;
    // a backslash outside a string is no JSON; let the parser say so
    if ((block.odd | (block.backslash & ~strings)) & inside) return 0;
    while (close != 0) {
      const int place = std::countr_zero(close);
      const std::uint64_t before = (std::uint64_t{1} << place) - 1;
      depth += std::popcount(open & before);
      open &= ~before;
      if (--depth == 0) {
        const std::size_t last = at + static_cast<std::size_t>(place);
        return text[last] == '}' ? last + 1 : 0;
      }
      if (depth < 0) return 0;
      close &= close - 1;
    }
    depth += std::popcount(open);
  }
  return 0;
}

std::optional<ScannedLine> scan_line(std::string_view line) {
  ScannedLine scanned;
  Cursor cursor(line);
  const bool framed =
      cursor.token('{') && cursor.token("\"meta\"") && cursor.token(':') && cursor.token('{') &&
      cursor.token("\"total\"") && cursor.token(':') && cursor.number(scanned.total) && cursor.token(',') &&
      cursor.token("\"index\"") && cursor.token(':') && cursor.number(scanned.index) && cursor.token('}') &&
      cursor.token(',') && cursor.token("\"result\"") && cursor.token(':') && cursor.next_is('{');
  if (!framed || !read_id(cursor, scanned)) return std::nullopt;
  const std::size_t length = object_length(cursor.rest());
  if (length == 0) return std::nullopt;
  scanned.json = cursor.rest().substr(0, length);
  cursor.skip(length);
  if (!cursor.token('}') || !cursor.at_end()) return std::nullopt;
  return scanned;
}

}  // namespace medimirror
