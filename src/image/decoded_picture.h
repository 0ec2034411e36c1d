// Role: a picture as it came out of a decoder: what derivatives and the print are made of.
// Place: made by jpeg_decoder.h and vips_decoder.h, read by derivative.h and print_maker.h.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>

#include "base/image.h"
#include "image/pyramid.h"

namespace medimirror {

struct DecodedPicture {
  std::uint32_t width = 0, height = 0;  // as stored
  bool has_alpha = false;
  bool is_cmyk = false;
  bool is_grey = false;
  int orientation = 1;      // of EXIF, 1 to 8; 5 to 8 swap the sides
  std::string icc_profile;  // empty: sRGB, or plain CMYK
  Pyramid pyramid;

  bool swaps_sides() const { return orientation >= 5; }
  std::uint32_t upright_width() const { return swaps_sides() ? height : width; }
  std::uint32_t upright_height() const { return swaps_sides() ? width : height; }
};

// The levels of the pyramid that the print and these recipes start from; never empty.
std::set<unsigned> levels_used(const DecodedPicture& picture, std::span<const Recipe> recipes);

}  // namespace medimirror
