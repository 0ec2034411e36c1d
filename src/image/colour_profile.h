// Role: does an ICC profile say sRGB by name? Most do, and converting sRGB to sRGB costs time and rounds
// twice. Pure; bytes that are no profile are answered with no.
#pragma once

#include <string_view>

namespace medimirror {

bool is_srgb_profile(std::string_view profile);

}  // namespace medimirror
