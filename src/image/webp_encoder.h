// Role: pixels -> a WebP of nothing but these pixels.
// Why beside libvips: its 8.14 writes a block of EXIF and a profile into each WebP whatever it is told, and a thumbnail of 200²
// was a third longer for it.
// Threads: pure.
// Failure: throws std::runtime_error with libwebp's reason: sides above 16 383 pixels, for one. std::bad_alloc passes through.
#pragma once

#include <string>

#include "image/pixels.h"

namespace medimirror {

// `pixels`: grey or RGB, without alpha or with a straight one. `quality`: 1 to 100, lossy.
std::string encode_webp(const Pixels& pixels, int quality);

}  // namespace medimirror
