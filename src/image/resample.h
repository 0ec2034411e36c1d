// Role: a smaller (or larger) picture out of a picture: Lanczos with three lobes, and its quick prelude, the
// mean of 2 × 2 pixels. The same filters as libvips, whose 8.14 runs them pixel by pixel; here they are loops
// that the compiler turns into vector code, which makes resampling nearly free beside decoding.
// Place: called by pyramid.h and derivative.h. Bands are independent of each other; colour with transparency
// is multiplied by it before and divided after (premultiply, unpremultiply), or hidden colours bleed into the
// edges.
// Threads: pure. Integer arithmetic, so the same bytes come out whatever vector unit is there.
#pragma once

#include <cstdint>

#include "image/pixels.h"

namespace medimirror {

// `width` and `height` of the source may be less than its pixels by a fraction (a halved odd size): the part
// that is picture. Sizes of the target are at least 1.
Pixels resample(const Pixels& source, double source_width, double source_height, std::uint32_t width,
                std::uint32_t height);

// Means of 2 × 2 pixels of two rows: `out` gets (width + 1) / 2 pixels; a last odd pixel counts twice.
void halve_rows(const std::uint8_t* upper, const std::uint8_t* lower, std::uint32_t width,
                std::uint32_t bands, std::uint8_t* out);

// The last band is alpha.
void premultiply(std::uint8_t* pixels, std::size_t count, std::uint32_t bands);
void unpremultiply(std::uint8_t* pixels, std::size_t count, std::uint32_t bands);

}  // namespace medimirror
