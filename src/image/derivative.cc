#include "image/derivative.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vips/vips8>

#include "image/colour_profile.h"
#include "image/jpeg_encoder.h"
#include "image/resample.h"
#include "image/vips_runtime.h"
#include "image/webp_encoder.h"

namespace medimirror {

namespace {

using vips::VImage;

std::uint32_t rounded(double length) {
  return static_cast<std::uint32_t>(std::max(1.0, std::floor(length + 0.5)));
}

bool keeps_alpha(ImageFormat format) {
  return format == ImageFormat::png || format == ImageFormat::webp || format == ImageFormat::avif;
}

VImage upright(const VImage& image, int orientation) {
  switch (orientation) {
    case 2:
      return image.flip(VIPS_DIRECTION_HORIZONTAL);
    case 3:
      return image.rot(VIPS_ANGLE_D180);
    case 4:
      return image.flip(VIPS_DIRECTION_VERTICAL);
    case 5:
      return image.rot(VIPS_ANGLE_D90).flip(VIPS_DIRECTION_HORIZONTAL);
    case 6:
      return image.rot(VIPS_ANGLE_D90);
    case 7:
      return image.rot(VIPS_ANGLE_D270).flip(VIPS_DIRECTION_HORIZONTAL);
    case 8:
      return image.rot(VIPS_ANGLE_D270);
    default:
      return image;
  }
}

// After resampling: the conversion is then of few pixels. The blackest ink is black (black point compensation): without, it
// is a dark grey of 26 to 37 levels.
VImage to_srgb(VImage image, const DecodedPicture& picture) {
  // the call that takes options deletes them
  const auto options = [&] {
    return VImage::option()->set("depth", 8)->set("black_point_compensation", picture.is_cmyk);
  };
  if (!picture.icc_profile.empty() && !is_srgb_profile(picture.icc_profile)) {
    image = image.copy();
    vips_image_set_blob_copy(image.get_image(), VIPS_META_ICC_NAME, picture.icc_profile.data(),
                             picture.icc_profile.size());
    const VipsIntent intent =
        is_perceptual_alone(picture.icc_profile) ? VIPS_INTENT_PERCEPTUAL : VIPS_INTENT_RELATIVE;
    try {
      // copy_memory: a profile that does not fit shows only when pixels are asked for
      return image.icc_transform("srgb", options()->set("embedded", true)->set("intent", intent))
          .copy_memory();
    } catch (const vips::VError&) {
      take_vips_error();  // a broken profile: go on as if there were none
      image.remove(VIPS_META_ICC_NAME);
    }
  }
  if (picture.is_cmyk) return image.icc_transform("srgb", options()->set("input_profile", "cmyk"));
  return image;
}

std::vector<double> colour_of(const Recipe& recipe) {
  return {double(recipe.background.red), double(recipe.background.green), double(recipe.background.blue)};
}

VImage in_frame(VImage image, const DerivativeSize& placement, const Recipe& recipe) {
  const int width = static_cast<int>(placement.width), height = static_cast<int>(placement.height);
  if (width < image.width() || height < image.height())
    image = image.extract_area((image.width() - std::min(width, image.width())) / 2,
                               (image.height() - std::min(height, image.height())) / 2,
                               std::min(width, image.width()), std::min(height, image.height()));
  if (width == image.width() && height == image.height()) return image;
  if (image.bands() < 3) image = image.colourspace(VIPS_INTERPRETATION_sRGB);
  std::vector<double> background = colour_of(recipe);
  if (image.has_alpha()) background.push_back(0);
  return image.embed((width - image.width()) / 2, (height - image.height()) / 2, width, height,
                     VImage::option()->set("extend", VIPS_EXTEND_BACKGROUND)->set("background", background));
}

VImage image_of(const Pixels& pixels, bool is_cmyk) {
  const VImage image = VImage::new_from_memory(
      const_cast<std::uint8_t*>(pixels.data.data()), pixels.data.size(), static_cast<int>(pixels.width),
      static_cast<int>(pixels.height), static_cast<int>(pixels.bands), VIPS_FORMAT_UCHAR);
  return image.copy(VImage::option()->set("interpretation", is_cmyk            ? VIPS_INTERPRETATION_CMYK
                                                            : pixels.bands < 3 ? VIPS_INTERPRETATION_B_W
                                                                               : VIPS_INTERPRETATION_sRGB));
}

Pixels pixels_of(const VImage& image) {
  Pixels pixels{static_cast<std::uint32_t>(image.width()),
                static_cast<std::uint32_t>(image.height()),
                static_cast<std::uint32_t>(image.bands()),
                {}};
  std::size_t size = 0;
  auto* const data = static_cast<std::uint8_t*>(image.write_to_memory(&size));
  pixels.data.assign(data, data + size);
  g_free(data);
  return pixels;
}

// As they are to be seen: colour, orientation, background, frame. What needs none of these stays as it is.
Pixels finished(Pixels scaled, const DecodedPicture& picture, const Recipe& recipe,
                const DerivativeSize& placement) {
  const bool is_srgb =
      !picture.is_cmyk && (picture.icc_profile.empty() || is_srgb_profile(picture.icc_profile));
  const bool flatten = picture.has_alpha && !keeps_alpha(recipe.format);
  const bool fills_frame = scaled.width == placement.width && scaled.height == placement.height;
  if (is_srgb && picture.orientation == 1 && !flatten && fills_frame) return scaled;
  VImage image = upright(to_srgb(image_of(scaled, picture.is_cmyk), picture), picture.orientation);
  if (flatten) {
    if (image.bands() < 3) image = image.colourspace(VIPS_INTERPRETATION_sRGB);
    image = image.flatten(VImage::option()->set("background", colour_of(recipe)));
  }
  return pixels_of(in_frame(image, placement, recipe));
}

std::string encode_by_vips(const Pixels& pixels, const char* suffix, vips::VOption* options) {
  void* data = nullptr;
  std::size_t size = 0;
  image_of(pixels, false).write_to_buffer(suffix, &data, &size, options->set("strip", true));
  std::string bytes(static_cast<const char*>(data), size);
  g_free(data);
  return bytes;
}

std::string encode(const Pixels& pixels, const Recipe& recipe) {
  switch (recipe.format) {
    case ImageFormat::webp:
      return encode_webp(pixels, recipe.quality);
    case ImageFormat::jpeg:
      return encode_jpeg(pixels, recipe.quality);
    case ImageFormat::png:
      return encode_by_vips(pixels, ".png", VImage::option());
    case ImageFormat::avif:
      return encode_by_vips(
          pixels, ".avif",
          VImage::option()->set("Q", recipe.quality)->set("compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1));
    default:
      throw DerivativeError(fmt::format("derivatives cannot be of format {}", name_of(recipe.format)));
  }
}

}  // namespace

DerivativeSize place(std::uint32_t upright_width, std::uint32_t upright_height, const Recipe& recipe) {
  const double width = upright_width, height = upright_height;
  const double wide = recipe.width ? recipe.width / width : 0,
               high = recipe.height ? recipe.height / height : 0;
  double scale = recipe.fit == Fit::cover ? std::max(wide, high) : std::min(wide, high);
  if (wide == 0 || high == 0) scale = std::max(wide, high);
  if (scale == 0 || (scale > 1 && !recipe.enlarge)) scale = 1;

  DerivativeSize placement;
  placement.scaled_width = rounded(width * scale);
  placement.scaled_height = rounded(height * scale);
  placement.width = placement.scaled_width;
  placement.height = placement.scaled_height;
  if (recipe.fit == Fit::cover) {
    if (recipe.width) placement.width = std::min(recipe.width, placement.scaled_width);
    if (recipe.height) placement.height = std::min(recipe.height, placement.scaled_height);
  } else if (recipe.fit == Fit::pad) {
    if (recipe.width) placement.width = recipe.width;
    if (recipe.height) placement.height = recipe.height;
  }
  return placement;
}

unsigned pyramid_level(std::uint32_t upright_width, std::uint32_t upright_height, const Recipe& recipe) {
  const DerivativeSize placement = place(upright_width, upright_height, recipe);
  return Pyramid::level_for(std::min(double(upright_width) / placement.scaled_width,
                                     double(upright_height) / placement.scaled_height));
}

EncodedDerivative make_derivative(const DecodedPicture& picture, const Recipe& recipe) {
  const bool swapped = picture.swaps_sides();
  const DerivativeSize placement = place(picture.upright_width(), picture.upright_height(), recipe);
  const Pyramid::Level& level =
      picture.pyramid.level(pyramid_level(picture.upright_width(), picture.upright_height(), recipe));
  Pixels scaled = resample(level.pixels, level.width, level.height,
                           swapped ? placement.scaled_height : placement.scaled_width,
                           swapped ? placement.scaled_width : placement.scaled_height);
  if (picture.has_alpha)
    unpremultiply(scaled.data.data(), std::size_t{scaled.width} * scaled.height, scaled.bands);
  try {
    const Pixels pixels = finished(std::move(scaled), picture, recipe, placement);
    EncodedDerivative made;
    made.bytes = encode(pixels, recipe);
    made.info.format = recipe.format;
    made.info.width = pixels.width;
    made.info.height = pixels.height;
    made.info.has_alpha = pixels.bands == 2 || pixels.bands == 4;
    return made;
  } catch (const vips::VError&) {
    throw DerivativeError(take_vips_error());
  } catch (const std::runtime_error& error) {
    throw DerivativeError(error.what());
  }
}

}  // namespace medimirror
