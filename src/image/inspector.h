// Role: are these bytes a good picture, to the last pixel? And, from the same decode, its print and its derivatives.
// Place: runs in the decoder process (decoder_process.h), which is where the rest of the program reaches it.
// Threads: one at a time in a process, after start_vips(). Takes milliseconds to seconds; the process around
// it has the time-out.
// Failure: a Rejection. libjpeg calls broken entropy data a warning, so warnings are read too: those about
// lost or superfluous data refuse the picture, the others become its note. std::bad_alloc passes through.
// Limits: those of header.h, checked before a pixel is decoded; memory as the levels kept (pyramid.h) and a
// few rows.
// Not here: the container's structure (header.h).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/image.h"
#include "image/header.h"

namespace medimirror {

struct MadeDerivative {
  std::size_t recipe = 0;  // its index among those asked for
  std::string bytes;
  ImageInfo info;
};

struct Inspection {
  ImageInfo info;
  std::vector<MadeDerivative> derivatives;  // one for each recipe, in their order
};

std::variant<Inspection, Rejection> inspect_pixels(std::string_view bytes, std::span<const Recipe> recipes,
                                                   const Limits& limits = {});

}  // namespace medimirror
