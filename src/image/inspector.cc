#include "image/inspector.h"

#include <fmt/format.h>

#include <utility>

#include "image/colour_profile.h"
#include "image/container.h"
#include "image/derivative.h"
#include "image/jpeg_decoder.h"
#include "image/print_maker.h"
#include "image/vips_decoder.h"

namespace medimirror {

namespace {

std::variant<DecodedPicture, Rejection> decode(std::string_view bytes, std::span<const Recipe> recipes,
                                               const Limits& limits, ImageInfo& info) {
  if (info.format == ImageFormat::jpeg) return decode_jpeg(bytes, recipes, info);
  return decode_by_vips(bytes, recipes, limits, info);
}

// As browsers do.
void settle_profile(DecodedPicture& picture, ImageInfo& info) {
  if (picture.icc_profile.empty()) return;
  if (!is_usable_profile(picture.icc_profile))
    add_irregularity(info, "the colour profile cannot be used, and is ignored");
  else if (!profile_fits(picture.icc_profile, picture.is_grey, picture.is_cmyk))
    add_irregularity(info, "the colour profile is of another kind than the picture, and is ignored");
  else
    return;
  picture.icc_profile.clear();
}

}  // namespace

std::variant<Inspection, Rejection> inspect_pixels(std::string_view bytes, const Recipes& recipes,
                                                   const Limits& limits) {
  std::variant<ImageInfo, Rejection> header = inspect_header(bytes, limits);
  if (auto* refused = std::get_if<Rejection>(&header)) return *std::move(refused);
  Inspection inspection{std::get<ImageInfo>(std::move(header)), {}};
  std::variant<DecodedPicture, Rejection> decoded =
      decode(bytes, recipes.configured, limits, inspection.info);
  if (auto* refused = std::get_if<Rejection>(&decoded)) return *std::move(refused);
  DecodedPicture& picture = std::get<DecodedPicture>(decoded);
  settle_profile(picture, inspection.info);
  inspection.info.print = make_print(picture.pyramid.level(print_level(picture.width, picture.height)),
                                     picture.has_alpha, picture.orientation);
  for (std::size_t i = 0; i < recipes.configured.size(); ++i) {
    if (!recipes.wants(i)) continue;
    const Recipe& recipe = recipes.configured[i];
    try {
      EncodedDerivative made = make_derivative(picture, recipe);
      inspection.derivatives.push_back({i, std::move(made.bytes), std::move(made.info)});
    } catch (const DerivativeError& error) {
      return Rejection{
          RejectionReason::damaged,
          fmt::format("the derivative {} cannot be made of this picture: {}", recipe.name, error.what())};
    }
  }
  return inspection;
}

}  // namespace medimirror
