// AVIF: ISO base media file format boxes (ISO/IEC 14496-12) with HEIF items (23008-12): size, type, content.
#include <fmt/format.h>

#include <algorithm>

#include "image/byte_reader.h"
#include "image/container.h"

namespace medimirror {

namespace {

Rejection damaged(std::string detail) {
  return {RejectionReason::damaged, std::move(detail)};
}

struct Box {
  std::string_view type, content;
};

enum class Step { box, end, beyond };  // beyond: the box is longer than what holds it

Step next_box(ByteReader& reader, Box& box) {
  if (reader.left() == 0) return Step::end;
  std::uint64_t size = reader.be32();
  box.type = reader.take(4);
  std::uint64_t header = 8;
  if (size == 1) {
    size = reader.be64();
    header = 16;
  } else if (size == 0) {
    size = header + reader.left();  // up to the end of the file
  }
  if (reader.failed() || size < header) return Step::beyond;
  box.content = reader.take(size - header);
  return reader.failed() ? Step::beyond : Step::box;
}

constexpr std::string_view kAlphaType = "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha";

// The properties of all items. The largest size is that of the picture: the others are its tiles and its
// preview.
void read_properties(std::string_view content, ImageInfo& info) {
  ByteReader reader(content);
  Box box;
  while (next_box(reader, box) == Step::box) {
    if (box.type == "ispe") {
      ByteReader size(box.content, 4);
      const std::uint32_t width = size.be32(), height = size.be32();
      if (!size.failed() && std::uint64_t{width} * height > std::uint64_t{info.width} * info.height) {
        info.width = width;
        info.height = height;
      }
    } else if (box.type == "auxC" && box.content.find(kAlphaType) != std::string_view::npos) {
      info.has_alpha = true;
    }
  }
}

// Finds the first box of a type inside this content.
std::string_view find_box(std::string_view content, std::string_view type) {
  ByteReader reader(content);
  Box box;
  while (next_box(reader, box) == Step::box)
    if (box.type == type) return box.content;
  return {};
}

}  // namespace

HeaderResult walk_avif(std::string_view bytes) {
  ImageInfo info;
  info.format = ImageFormat::avif;
  ByteReader reader(bytes);
  Box box;
  bool has_meta = false, has_data = false;
  for (;;) {
    const std::size_t from = reader.at();
    const Step step = next_box(reader, box);
    if (step == Step::end) break;
    if (step == Step::beyond) {
      if (has_meta && has_data && bytes.size() - from < 8) {
        note_trailing_bytes(info, bytes.size() - from);
        break;
      }
      return Rejection{RejectionReason::truncated, "the AVIF ends inside one of its boxes"};
    }
    if (box.type == "mdat") has_data = true;
    if (box.type != "meta" || has_meta || box.content.size() < 4) continue;
    has_meta = true;
    const std::string_view properties = find_box(box.content.substr(4), "iprp");
    if (find_box(box.content.substr(4), "idat").size() > 0) has_data = true;
    read_properties(find_box(properties, "ipco"), info);
  }
  // Written in one go, the boxes come whole: a file cut exactly between two boxes lacks the later one.
  if (!has_meta || !has_data) return Rejection{RejectionReason::truncated, "the AVIF has no picture data"};
  if (info.width == 0 || info.height == 0) return damaged("the AVIF states no size");
  return info;
}

}  // namespace medimirror
