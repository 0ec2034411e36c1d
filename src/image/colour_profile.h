// Role: is this an ICC profile that a picture's colours can be read by, and does it say sRGB by name? Most do, and converting
// sRGB to sRGB costs time and rounds twice. Pure; bytes that are no profile are answered with no.
#pragma once

#include <string_view>

namespace medimirror {

// Whole, and of grey, RGB or CMYK: what it says of colours is not looked at.
bool is_usable_profile(std::string_view profile);
bool is_srgb_profile(std::string_view profile);

}  // namespace medimirror
