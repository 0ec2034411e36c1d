// Role: JPEG by libjpeg-turbo itself: all of the data, to its end, at the scale that the recipes need.
// Place: called by the inspector in the decoder process, beside vips_decoder.h, which does all other formats.
// Why not through libvips: that never finishes a JPEG, in no version, so what is left over behind the last row ("N extraneous
// bytes before marker 0xd9") is never seen; of 503 photos with a damage inside the scan 186 passed for that reason alone. And
// rows come here without a pipeline around them.
// Why at a scale: a decoder at a half, a quarter or an eighth reads all entropy data all the same, so it notices exactly the
// damage that full size notices (tests/image/jpeg_damage_test.cc), for half of the time or less.
// Failure: a Rejection. libjpeg calls broken entropy data a warning: all are counted, by their codes, and those that touch
// pixels refuse the picture; the others become its note. std::bad_alloc passes through.
// Limits: those of the header, which the caller has checked; memory as the levels of the pyramid and a strip of rows, and for a
// progressive JPEG its coefficients.
#pragma once

#include <span>
#include <string_view>
#include <variant>

#include "base/image.h"
#include "image/decoded_picture.h"

namespace medimirror {

// `info`: what the header says; gets the notes.
std::variant<DecodedPicture, Rejection> decode_jpeg(std::string_view bytes, std::span<const Recipe> recipes,
                                                    ImageInfo& info);

}  // namespace medimirror
