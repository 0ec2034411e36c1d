// Role: the one thing of a camera's metadata that pixels depend on.
#pragma once

#include <string_view>

namespace medimirror {

// The orientation, 1 to 8, of a TIFF structure as EXIF has it ("II" or "MM" first); 1 where it says none, or nonsense.
int exif_orientation(std::string_view tiff);

}  // namespace medimirror
