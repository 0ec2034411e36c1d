// Role: PNG, WebP, GIF and AVIF by libvips: every pixel of every page decoded at full size.
// Place: called by the inspector in the decoder process, beside jpeg_decoder.h.
// Failure: a Rejection; what libvips and its libraries warn of is judged by decode_warning.h. std::bad_alloc passes through.
// Limits: those of header.h, again for formats whose decoder knows the size better than the header; memory as the levels of
// the pyramid and a few rows.
#pragma once

#include <span>
#include <string_view>
#include <variant>

#include "base/image.h"
#include "image/decoded_picture.h"
#include "image/header.h"

namespace medimirror {

// `info`: what the header says; gets the notes, and the size where the decoder knows it better.
std::variant<DecodedPicture, Rejection> decode_by_vips(std::string_view bytes,
                                                       std::span<const Recipe> recipes, const Limits& limits,
                                                       ImageInfo& info);

}  // namespace medimirror
