// Role: the print of a picture (base/print.h) out of a level of its pyramid.
// Place: called by the inspector for every picture whose pixels it decodes. The level depends on the picture's size
// alone, so the print does not depend on which derivatives are made, and beside derivatives it costs no halving.
// How: where the content lies is told by its darkness, mean and spread, which padding, scaling and encoding hardly
// move, unlike an edge found by a threshold. The cells are means over that window, turned upright at the end.
// Not here: profiles. A picture in another colour space looks a little different, and may get a print of its own.
#pragma once

#include <cstdint>

#include "base/print.h"
#include "image/pyramid.h"

namespace medimirror {

// Which level of the pyramid: the smallest whose longer side has 360 pixels.
unsigned print_level(std::uint32_t width, std::uint32_t height);

// With `has_alpha` the last band is alpha, and the others are multiplied by it; four bands without are CMYK.
// `orientation` is that of EXIF, 1 to 8.
Print make_print(const Pyramid::Level& level, bool has_alpha, int orientation);

}  // namespace medimirror
