// Role: a decoded picture and a recipe -> the bytes of a derivative.
// Place: called by the inspector, in the decoder process, for every recipe of a picture, all from one decode.
// What comes out: upright (the orientation tag is obeyed), 8 bits, sRGB (CMYK and embedded profiles
// converted), the first page, no metadata and no profile: bytes without a profile mean sRGB, everywhere.
// Transparency stays where the format has it (png, webp, avif), else it is flattened on the recipe's
// background. The margins of `pad` have the background's colour; around a picture that stays transparent they
// are transparent too. What equal bytes depend on: pyramid.h.
// Threads: that of the inspector, after start_vips().
// Failure: throws DerivativeError, a failure of this item.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "base/image.h"
#include "image/decoded_picture.h"

namespace medimirror {

// Sizes in the upright picture.
struct DerivativeSize {
  std::uint32_t scaled_width = 0, scaled_height = 0;  // the whole picture after scaling
  std::uint32_t width = 0, height = 0;  // the derivative: smaller means cropped, larger means padded
  bool operator==(const DerivativeSize&) const = default;
};

// Pure. A width or height of 0 in the recipe leaves that side free.
DerivativeSize place(std::uint32_t upright_width, std::uint32_t upright_height, const Recipe& recipe);

// Which level of the pyramid this recipe starts from.
unsigned pyramid_level(std::uint32_t upright_width, std::uint32_t upright_height, const Recipe& recipe);

struct DerivativeError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct EncodedDerivative {
  std::string bytes;
  ImageInfo info;
};
EncodedDerivative make_derivative(const DecodedPicture& picture, const Recipe& recipe);

}  // namespace medimirror
