// WebP container: RIFF chunks of name, length (little-endian) and data padded to an even length.
#include "image/byte_reader.h"
#include "image/container.h"

namespace medimirror {

namespace {

Rejection damaged(std::string detail) {
  return {RejectionReason::damaged, std::move(detail)};
}
Rejection truncated() {
  return {RejectionReason::truncated, "the WebP ends before the length it states"};
}

// Key frame header of VP8 (RFC 6386 §9.1).
bool read_lossy(std::string_view data, ImageInfo& info) {
  ByteReader reader(data);
  const std::uint32_t tag = reader.le24();
  if (reader.take(3) != std::string_view("\x9D\x01\x2A", 3) || (tag & 1)) return false;
  info.width = reader.le16() & 0x3FFF;
  info.height = reader.le16() & 0x3FFF;
  return !reader.failed();
}

bool read_lossless(std::string_view data, ImageInfo& info) {
  ByteReader reader(data);
  if (reader.u8() != 0x2F) return false;
  const std::uint32_t bits = reader.le32();
  info.width = (bits & 0x3FFF) + 1;
  info.height = (bits >> 14 & 0x3FFF) + 1;
  info.has_alpha = bits >> 28 & 1;
  return !reader.failed() && bits >> 29 == 0;
}

bool read_extended(std::string_view data, ImageInfo& info) {
  ByteReader reader(data);
  info.has_alpha = reader.u8() & 0x10;
  reader.skip(3);
  info.width = reader.le24() + 1;
  info.height = reader.le24() + 1;
  return !reader.failed();
}

}  // namespace

HeaderResult walk_webp(std::string_view bytes) {
  ImageInfo info;
  info.format = ImageFormat::webp;
  const std::uint64_t stated_end = std::uint64_t{ByteReader(bytes, 4).le32()} + 8;
  if (stated_end > bytes.size()) return truncated();
  if (stated_end < 12) return damaged("the WebP states an impossible length");
  ByteReader reader(bytes.substr(0, static_cast<std::size_t>(stated_end)), 12);
  bool extended = false;
  std::uint32_t pictures = 0, frames = 0;
  while (reader.left() > 0) {
    const std::string_view name = reader.take(4);
    const std::uint32_t length = reader.le32();
    const std::string_view data = reader.take(length);
    if (length % 2 == 1 && reader.left() > 0) reader.skip(1);
    if (reader.failed()) return damaged("a chunk of the WebP is longer than the file");
    bool good = true;
    ImageInfo ignored;  // with an extended header, that one has the size of the canvas
    if (name == "VP8X") {
      good = !extended && pictures == 0 && read_extended(data, info);
      extended = true;
    } else if (name == "VP8 ") {
      good = read_lossy(data, extended ? ignored : info);
      ++pictures;
    } else if (name == "VP8L") {
      good = read_lossless(data, extended ? ignored : info);
      ++pictures;
    } else if (name == "ANMF") {
      ++frames;
    }
    if (!good) return damaged("a header inside the WebP makes no sense");
  }
  if (pictures + frames == 0) return damaged("the WebP has no picture data");
  if (info.width == 0 || info.height == 0) return damaged("the WebP is zero pixels wide or high");
  if (frames > 0) info.pages = frames;
  note_trailing_bytes(info, bytes.size() - static_cast<std::size_t>(stated_end));
  return info;
}

}  // namespace medimirror
