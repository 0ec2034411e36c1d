// Role: pixels -> a JPEG of nothing but these pixels, by libjpeg-turbo.
// Why beside libvips: the objects and threads that it makes around each picture cost as much as encoding a small one.
// Threads: pure.
// Failure: throws std::runtime_error with the reason: sides above 65 500 pixels, for one. std::bad_alloc when it is out of memory.
#pragma once

#include <string>

#include "image/pixels.h"

namespace medimirror {

// `pixels`: grey or sRGB. `quality`: 1 to 100; below 90 colours are kept at half the width and height, as libvips does.
std::string encode_jpeg(const Pixels& pixels, int quality);

}  // namespace medimirror
