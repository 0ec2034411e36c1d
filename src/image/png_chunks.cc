#include "image/png_chunks.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace medimirror {

namespace {

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(crc32_z(0, nullptr, 0), reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

char lower(char c) {
  return static_cast<char>(c | 0x20);
}

bool is_critical(std::string_view type) {
  return (type[0] & 0x20) == 0;
}

// Letters of either case: where the checksum is wrong, the name may be what was hit.
bool may_hold_pixels(std::string_view type) {
  constexpr std::array<std::string_view, 5> kNames = {"ihdr", "plte", "idat", "iend", "trns"};
  return is_critical(type) || std::any_of(kNames.begin(), kNames.end(), [&](std::string_view name) {
           return std::equal(name.begin(), name.end(), type.begin(), type.end(),
                             [](char a, char b) { return a == lower(b); });
         });
}

}  // namespace

bool PngChunk::checksum_holds() const {
  return checksum(whole.substr(4, data.size() + 4)) == ByteReader(whole, data.size() + 8).be32();
}

std::optional<PngChunk> next_chunk(ByteReader& reader) {
  ByteReader ahead = reader;
  const std::uint64_t length = ahead.be32();
  PngChunk chunk;
  chunk.type = ahead.take(4);
  if (ahead.failed()) return std::nullopt;
  chunk.whole = reader.take(length + 12);
  if (!reader.failed()) chunk.data = chunk.whole.substr(8, static_cast<std::size_t>(length));
  return chunk;
}

std::string PngOddities::of(const PngChunk& chunk) {
  if (!may_hold_pixels(chunk.type) && !chunk.checksum_holds())
    return fmt::format("the checksum of the PNG's chunk {} is wrong", chunk.type);
  if (chunk.type == "IHDR") {
    is_indexed_ = chunk.data.size() > 9 && chunk.data[9] == 3;
  } else if (chunk.type == "PLTE") {
    has_palette_ = true;
    // a mere suggestion where pixels have colours of their own
    if (has_transparency_ && !is_indexed_) return "the PNG's palette comes after its transparency";
  } else if (chunk.type == "tRNS") {
    has_transparency_ = true;
    if (is_indexed_ && !has_palette_)
      return "the PNG's transparency comes before its palette, and is ignored as browsers do";
  }
  return {};
}

std::optional<std::string> without_odd_chunks(std::string_view bytes) {
  PngOddities oddities;
  std::optional<std::string> kept;
  ByteReader reader(bytes, kPngSignatureBytes);
  while (const std::optional<PngChunk> chunk = next_chunk(reader)) {
    const std::size_t from = reader.at() - chunk->whole.size();
    const bool is_odd = !oddities.of(*chunk).empty();
    if (is_odd && !kept) kept = bytes.substr(0, from);
    if (!is_odd && kept) *kept += chunk->whole;
    if (chunk->type == "IEND") break;
  }
  return kept;
}

}  // namespace medimirror
