// W3C PNG: a signature, then chunks of length, type, data and CRC-32 of type and data.
#include <fmt/format.h>

#include <algorithm>

#include "image/byte_reader.h"
#include "image/container.h"
#include "image/png_chunks.h"

namespace medimirror {

namespace {

Rejection damaged(std::string detail) {
  return {RejectionReason::damaged, std::move(detail)};
}
Rejection truncated() {
  return {RejectionReason::truncated, "the PNG ends before its end chunk"};
}

bool is_depth_allowed(unsigned depth, unsigned colour) {
  switch (colour) {
    case 0:
      return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
    case 3:
      return depth == 1 || depth == 2 || depth == 4 || depth == 8;
    case 2:
    case 4:
    case 6:
      return depth == 8 || depth == 16;
    default:
      return false;
  }
}

std::optional<Rejection> read_image_header(std::string_view data, ImageInfo& info) {
  ByteReader reader(data);
  info.width = reader.be32();
  info.height = reader.be32();
  const unsigned depth = reader.u8();
  const unsigned colour = reader.u8();
  if (data.size() != 13 || info.width == 0 || info.height == 0 || info.width > 0x7FFFFFFF ||
      info.height > 0x7FFFFFFF || !is_depth_allowed(depth, colour))
    return damaged("the header of the PNG makes no sense");
  info.has_alpha = colour == 4 || colour == 6;
  return std::nullopt;
}

bool is_chunk_type(std::string_view type) {
  return std::all_of(type.begin(), type.end(),
                     [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
}

}  // namespace

HeaderResult walk_png(std::string_view bytes) {
  ImageInfo info;
  info.format = ImageFormat::png;
  ByteReader reader(bytes, kPngSignatureBytes);
  PngOddities oddities;
  bool has_data = false, is_animated = false;
  std::string first_odd;
  for (bool first = true;; first = false) {
    const std::optional<PngChunk> chunk = next_chunk(reader);
    if (!chunk) return truncated();
    const std::string_view type = chunk->type;
    if (!is_chunk_type(type)) return damaged("a chunk of the PNG has no valid name");
    if (chunk->whole.empty()) return truncated();
    if (const std::string odd = oddities.of(*chunk); !odd.empty()) {
      if (first_odd.empty()) first_odd = odd;  // there may be thousands
      continue;
    }
    if (!chunk->checksum_holds())
      return damaged(fmt::format("the checksum of the PNG's chunk {} is wrong", type));
    if (first != (type == "IHDR")) return damaged("the PNG does not start with its header");
    if (type == "IHDR") {
      if (std::optional<Rejection> refused = read_image_header(chunk->data, info)) return *std::move(refused);
    } else if (type == "IDAT") {
      has_data = true;
    } else if (type == "tRNS") {
      info.has_alpha = true;
    } else if (type == "acTL") {
      is_animated = true;  // the number of frames that it states is not needed, and may be a lie
    } else if (type == "IEND") {
      break;
    }
  }
  if (!has_data) return damaged("the PNG has no picture data");
  if (is_animated) add_note(info, "an animated PNG, of which the first frame is looked at");
  note_trailing_bytes(info, reader.left());
  if (!first_odd.empty()) add_irregularity(info, first_odd);
  return info;
}

}  // namespace medimirror
