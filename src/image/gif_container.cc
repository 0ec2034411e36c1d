// GIF89a: a screen, then blocks; data in sub-blocks of at most 255 bytes, ended by an empty one.
#include "image/byte_reader.h"
#include "image/container.h"
#include "image/gif_lzw.h"

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

struct Frame {
  std::uint64_t pixels = 0;
  unsigned code_bits = 0;
  std::string_view data;
};

Frame read_frame(ByteReader& reader, std::string_view bytes) {
  Frame frame;
  reader.skip(4);
  const std::uint64_t width = reader.le16();
  frame.pixels = width * reader.le16();
  skip_colour_table(reader, reader.u8());
  frame.code_bits = reader.u8();
  const std::size_t from = reader.at();
  skip_sub_blocks(reader);
  frame.data = bytes.substr(from, reader.at() - from);
  return frame;
}

// Behind the frames, not in their midst: the last of them has all its pixels, nothing that announces another frame follows, and
// the file was written to its end.
bool is_behind_frames(std::string_view unknown, const Frame& last) {
  return unknown.ends_with(';') && unknown.find("\x21\xF9\x04") == std::string_view::npos &&
         count_lzw_pixels(last.code_bits, last.data) >= last.pixels;
}

// unknown_at: where blocks of unknown kind begin behind the frames, else 0.
HeaderResult walk(std::string_view bytes, std::size_t& unknown_at) {
  ImageInfo info;
  info.format = ImageFormat::gif;
  info.pages = 0;
  ByteReader reader(bytes, 6);  // the signature brought us here
  info.width = reader.le16();
  info.height = reader.le16();
  const unsigned flags = reader.u8();
  reader.skip(2);
  skip_colour_table(reader, flags);
  Frame last;
  for (;;) {
    const std::size_t from = reader.at();
    const unsigned block = reader.u8();
    if (reader.failed()) return truncated();
    if (block == 0x3B) break;
    if (block == 0x21) {
      info.has_alpha = read_extension(reader) || info.has_alpha;
    } else if (block == 0x2C) {
      ++info.pages;
      last = read_frame(reader, bytes);
    } else if (info.pages > 0 && is_behind_frames(bytes.substr(from), last)) {
      unknown_at = from;
      break;
    } else {
      return damaged("the GIF has a block of an unknown kind");
    }
  }
  if (info.pages == 0) return damaged("the GIF has no picture in it");
  if (info.width == 0 || info.height == 0) return damaged("the GIF is zero pixels wide or high");
  if (unknown_at > 0)
    add_irregularity(info, "blocks of an unknown kind behind the GIF's frames");
  else
    note_trailing_bytes(info, reader.left());
  return info;
}

}  // namespace

HeaderResult walk_gif(std::string_view bytes) {
  std::size_t unknown_at = 0;
  return walk(bytes, unknown_at);
}

std::optional<std::string> without_unknown_blocks(std::string_view bytes) {
  std::size_t unknown_at = 0;
  walk(bytes, unknown_at);
  if (unknown_at == 0) return std::nullopt;
  return std::string(bytes.substr(0, unknown_at)) + ';';
}

}  // namespace medimirror
