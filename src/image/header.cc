#include "image/header.h"

#include <fmt/format.h>

#include "base/page_quote.h"
#include "base/units.h"
#include "image/container.h"
#include "image/media_type.h"

namespace medimirror {

namespace {

Rejection explain_foreign(std::string_view bytes) {
  if (looks_like_html(bytes)) {
    const std::string quote = quote_of_page(bytes);
    return {RejectionReason::html_page,
            quote.empty() ? "the body is a web page, not a picture"
                          : fmt::format("the body is a web page, not a picture: “{}”", quote)};
  }
  const ForeignKind kind = detect_foreign_kind(bytes);
  if (kind.is_picture)
    return {RejectionReason::unsupported,
            fmt::format("the body is {}; only JPEG, PNG, WebP, GIF and AVIF are taken", kind.name)};
  if (!kind.name.empty())
    return {RejectionReason::not_an_image, fmt::format("the body is {}, not a picture", kind.name)};
  return {RejectionReason::not_an_image, "the body is not a picture of any known format"};
}

HeaderResult walk(ImageFormat format, std::string_view bytes) {
  switch (format) {
    case ImageFormat::jpeg:
      return walk_jpeg(bytes);
    case ImageFormat::png:
      return walk_png(bytes);
    case ImageFormat::webp:
      return walk_webp(bytes);
    case ImageFormat::gif:
      return walk_gif(bytes);
    case ImageFormat::avif:
      return walk_avif(bytes);
    case ImageFormat::unknown:
      break;
  }
  return explain_foreign(bytes);
}

}  // namespace

std::optional<Rejection> exceeds(const ImageInfo& info, const Limits& limits) {
  if (info.width > limits.side_max || info.height > limits.side_max)
    return Rejection{RejectionReason::too_large,
                     fmt::format("the picture is {} × {} pixels; a side may have {}", info.width, info.height,
                                 limits.side_max)};
  if (info.pages > limits.pages_max)
    return Rejection{RejectionReason::too_large,
                     fmt::format("the picture has {} pages; the limit is {}", info.pages, limits.pages_max)};
  // side_max keeps the product far from overflow only if it is sane, so divide
  const std::uint64_t pixels = std::uint64_t{info.width} * info.height;
  if (pixels > limits.pixels_max || (info.pages > 0 && pixels > limits.pixels_max / info.pages))
    return Rejection{
        RejectionReason::too_large,
        fmt::format("the picture has {} × {} pixels on {} page{}; the limit is {} pixels in all", info.width,
                    info.height, info.pages, info.pages == 1 ? "" : "s", limits.pixels_max)};
  return std::nullopt;
}

HeaderResult inspect_header(std::string_view bytes, const Limits& limits) {
  if (bytes.empty()) return Rejection{RejectionReason::empty, "the body has no bytes"};
  if (bytes.size() > limits.bytes_max)
    return Rejection{RejectionReason::too_large,
                     fmt::format("the body has {}; the limit is {}", format_bytes(bytes.size()),
                                 format_bytes(limits.bytes_max))};
  HeaderResult result = walk(detect_format(bytes), bytes);
  if (const auto* info = std::get_if<ImageInfo>(&result))
    if (std::optional<Rejection> refused = exceeds(*info, limits)) return *std::move(refused);
  return result;
}

void add_note(ImageInfo& info, std::string_view note) {
  if (!info.note.empty()) info.note += "; ";
  info.note += note;
}

void add_irregularity(ImageInfo& info, std::string_view what) {
  info.note = fmt::format("irregular: {}{}{}", what, info.note.empty() ? "" : "; ", info.note);
}

void note_trailing_bytes(ImageInfo& info, std::size_t bytes) {
  if (bytes > 0)
    add_note(info, fmt::format("{} byte{} after the end of the picture", bytes, bytes == 1 ? "" : "s"));
}

}  // namespace medimirror
