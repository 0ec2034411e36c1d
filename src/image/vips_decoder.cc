#include "image/vips_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vips/vips8>

#include "image/container.h"
#include "image/decode_warning.h"
#include "image/png_chunks.h"
#include "image/vips_runtime.h"

namespace medimirror {

namespace {

using vips::VImage;

// Only the loader that the bytes call for: nothing is guessed by libvips.
VImage load(ImageFormat format, std::string_view bytes) {
  vips::VOption* options =
      VImage::option()->set("access", VIPS_ACCESS_SEQUENTIAL)->set("fail_on", VIPS_FAIL_ON_ERROR);
  VipsBlob* blob = vips_blob_new(nullptr, bytes.data(), bytes.size());
  struct Unref {
    VipsBlob* blob;
    ~Unref() { vips_area_unref(VIPS_AREA(blob)); }
  } unref{blob};
  switch (format) {
    case ImageFormat::png:
      return VImage::pngload_buffer(blob, options);
    case ImageFormat::webp:
      return VImage::webpload_buffer(blob, options->set("n", -1));
    case ImageFormat::gif:
      return VImage::gifload_buffer(blob, options->set("n", -1));
    default:
      return VImage::heifload_buffer(blob, options);
  }
}

// Without what touches no pixel and not every decoder forgives; nothing where there is none of it.
std::optional<std::string> cleaned_copy(ImageFormat format, std::string_view bytes) {
  if (format == ImageFormat::png) return without_odd_chunks(bytes);
  if (format == ImageFormat::gif) return without_unknown_blocks(bytes);
  return std::nullopt;
}

std::uint32_t page_height(const VImage& image) {
  return static_cast<std::uint32_t>(vips_image_get_page_height(image.get_image()));
}

// 8 bits a sample, one to four bands: what the pyramid takes.
VImage to_8_bits(const VImage& image) {
  if (image.format() == VIPS_FORMAT_UCHAR) return image;
  if (image.format() == VIPS_FORMAT_USHORT)
    return image.cast(VIPS_FORMAT_UCHAR, VImage::option()->set("shift", true));
  return image.cast(VIPS_FORMAT_UCHAR);
}

std::string blob_of(const VImage& image, const char* name) {
  if (image.get_typeof(name) == 0) return {};
  std::size_t size = 0;
  const void* data = image.get_blob(name, &size);
  return {static_cast<const char*>(data), size};
}

DecodedPicture picture_of(const VImage& image, std::span<const Recipe> recipes) {
  DecodedPicture picture;
  picture.width = static_cast<std::uint32_t>(image.width());
  picture.height = page_height(image);
  picture.has_alpha = image.has_alpha();
  picture.is_cmyk = image.interpretation() == VIPS_INTERPRETATION_CMYK;
  picture.is_grey = image.bands() < 3;
  picture.orientation = vips_image_get_orientation(image.get_image());
  picture.icc_profile = blob_of(image, VIPS_META_ICC_NAME);
  picture.pyramid =
      Pyramid({picture.width, picture.height, static_cast<std::uint32_t>(image.bands()), picture.has_alpha},
              levels_used(picture, recipes));
  return picture;
}

// Every pixel of every page is decoded; those of the first page are kept as far as somebody needs them.
// Strip by strip on this thread: libvips' own sinks start threads, which costs more than it gives to one
// picture.
void decode_all(const VImage& image, DecodedPicture& picture) {
  constexpr int kStripRows = 16;
  VipsRegion* region = vips_region_new(image.get_image());
  struct Unref {
    VipsRegion* region;
    ~Unref() { g_object_unref(region); }
  } unref{region};
  const int height = image.height(), first_page = static_cast<int>(picture.height);
  for (int top = 0; top < height; top += kStripRows) {
    const VipsRect strip{0, top, image.width(), std::min(kStripRows, height - top)};
    if (vips_region_prepare(region, &strip) != 0) throw vips::VError();
    for (int y = top; y < std::min(top + strip.height, first_page); ++y)
      picture.pyramid.add_row(VIPS_REGION_ADDR(region, 0, y));
  }
}

Rejection explain_error(const std::string& text) {
  if (text.find("out of memory") != std::string::npos) throw std::bad_alloc();
  return judge_error(text);
}

// AVIF may be turned and GIF may be enlarged by its first frame: there the decoder knows better than the
// header.
std::optional<Rejection> settle_size(const VImage& image, ImageInfo& info, const Limits& limits) {
  const auto width = static_cast<std::uint32_t>(image.width());
  const std::uint32_t height = page_height(image);
  if (width == info.width && height == info.height) return std::nullopt;
  if (info.format != ImageFormat::avif && info.format != ImageFormat::gif)
    return Rejection{RejectionReason::damaged,
                     fmt::format("the header says {} × {} pixels, the decoder {} × {}", info.width,
                                 info.height, width, height)};
  info.width = width;
  info.height = height;
  return exceeds(info, limits);
}

// libvips' GIF decoder stops after some 4000.
void note_unseen_frames(const VImage& image, ImageInfo& info) {
  const std::uint32_t frames = static_cast<std::uint32_t>(image.height()) / page_height(image);
  if (frames < info.pages)
    add_note(info, fmt::format("the decoder looks at the first {} of {} frames", frames, info.pages));
}

}  // namespace

std::variant<DecodedPicture, Rejection> decode_by_vips(std::string_view bytes,
                                                       std::span<const Recipe> recipes, const Limits& limits,
                                                       ImageInfo& info) {
  forget_vips_texts();  // of an earlier picture
  const std::optional<std::string> cleaned = cleaned_copy(info.format, bytes);
  try {
    DecodedPicture picture;
    {
      const VImage image = to_8_bits(load(info.format, cleaned ? *cleaned : bytes));
      if (std::optional<Rejection> refused = settle_size(image, info, limits)) return *std::move(refused);
      if (image.bands() > 4)
        return Rejection{RejectionReason::unsupported,
                         fmt::format("the picture has {} bands", image.bands())};
      note_unseen_frames(image, info);
      picture = picture_of(image, recipes);
      decode_all(image, picture);
    }  // some warnings come when the image is closed
    const WarningVerdict verdict = judge_warnings(take_vips_warnings());
    if (verdict.refused) return *verdict.refused;
    if (!verdict.note.empty()) add_note(info, verdict.note);
    if (!verdict.irregularity.empty()) add_irregularity(info, verdict.irregularity);
    return picture;
  } catch (const vips::VError&) {
    return explain_error(take_vips_error());
  }
}

}  // namespace medimirror
