// GIF89a: a screen, then blocks; data in sub-blocks of at most 255 bytes, ended by an empty one.
#include "image/byte_reader.h"
#include "image/container.h"

namespace medimirror {

namespace {

Rejection damaged(std::string detail) {
  return {RejectionReason::damaged, std::move(detail)};
}
Rejection truncated() {
  return {RejectionReason::truncated, "the GIF ends before its trailer"};
}

void skip_colour_table(ByteReader& reader, unsigned flags) {
  if (flags & 0x80) reader.skip(std::uint64_t{3} << ((flags & 7) + 1));
}

void skip_sub_blocks(ByteReader& reader) {
  while (const unsigned length = reader.u8()) reader.skip(length);
}

// A graphic control extension says whether its frame has a transparent colour.
bool read_extension(ByteReader& reader) {
  constexpr unsigned kGraphicControl = 0xF9;
  if (reader.u8() != kGraphicControl) {
    skip_sub_blocks(reader);
    return false;
  }
  const std::string_view control = reader.take(reader.u8());
  skip_sub_blocks(reader);
  return !control.empty() && (control[0] & 1);
}

}  // namespace

HeaderResult walk_gif(std::string_view bytes) {
  ImageInfo info;
  info.format = ImageFormat::gif;
  info.pages = 0;
  ByteReader reader(bytes, 6);  // the signature brought us here
  info.width = reader.le16();
  info.height = reader.le16();
  const unsigned flags = reader.u8();
  reader.skip(2);
  skip_colour_table(reader, flags);
  for (;;) {
    const unsigned block = reader.u8();
    if (reader.failed()) return truncated();
    if (block == 0x3B) break;
    if (block == 0x21) {
      info.has_alpha = read_extension(reader) || info.has_alpha;
    } else if (block == 0x2C) {
      ++info.pages;
      reader.skip(8);
      skip_colour_table(reader, reader.u8());
      reader.skip(1);
      skip_sub_blocks(reader);
    } else {
      return damaged("the GIF has a block of an unknown kind");
    }
  }
  if (info.pages == 0) return damaged("the GIF has no picture in it");
  if (info.width == 0 || info.height == 0) return damaged("the GIF is zero pixels wide or high");
  note_trailing_bytes(info, reader.left());
  return info;
}

}  // namespace medimirror
