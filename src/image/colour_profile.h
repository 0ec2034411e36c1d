// Role: which colours an ICC profile (ICC.1) speaks of, and whether these are sRGB. Converting sRGB to sRGB costs time and
// rounds twice. Pure; bytes that are no profile are answered with no.
#pragma once

#include <string_view>

namespace medimirror {

// Whole, and of grey, RGB or CMYK: what it says of colours is not looked at.
bool is_usable_profile(std::string_view profile);

// Of the same kind of colour as the picture. Grey with an RGB profile is common, and right.
bool profile_fits(std::string_view profile, bool is_grey, bool is_cmyk);

// Made of tables for the perceptual intent and nothing else, as Apple's Photos exports them: asked for another intent, libvips
// ignores it.
bool is_perceptual_alone(std::string_view profile);

// By its numbers: primaries, and curves within 2.5 levels of 255. Names mislead: "Display P3 Gamut with sRGB Transfer" is written
// by telephones, and there is a linear sRGB.
bool is_srgb_profile(std::string_view profile);

}  // namespace medimirror
