// Role: the chunks of a PNG one by one, and which of them are odd in a way that touches no pixel: those are left out of what a
// decoder gets, since decoders differ in what they forgive.
// Pure, linear in the bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "image/byte_reader.h"

namespace medimirror {

struct PngChunk {
  std::string_view type, data, whole;  // whole: with length and checksum; empty where the bytes end inside it
  bool checksum_holds() const;
};

constexpr std::size_t kPngSignatureBytes = 8;

// Nothing where the bytes end inside its length and name.
std::optional<PngChunk> next_chunk(ByteReader& reader);

// Asked about each chunk of one PNG, in their order.
class PngOddities {
 public:
  // What is odd about it, in words; empty where nothing is, or where pixels depend on it.
  std::string of(const PngChunk& chunk);

 private:
  bool is_indexed_ = false, has_palette_ = false, has_transparency_ = false;
};

// The same picture without its odd chunks; nothing where it has none. For bytes that the walk over the container took.
std::optional<std::string> without_odd_chunks(std::string_view bytes);

}  // namespace medimirror
