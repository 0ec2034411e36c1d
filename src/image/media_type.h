// Role: what kind of file these bytes are, by their first bytes. Never by a name or a Content-Type: both lie.
// Place: asked first of every body (header.h); the kinds that are not taken are known by name, so that a
// refusal can say what arrived instead of a picture.
// Limits: looks at the first kilobyte at most. Pure; knows no libvips.
#pragma once

#include <string_view>

#include "base/image.h"

namespace medimirror {

// jpeg, png, webp, gif or avif; unknown for everything else. Says nothing about whether the picture is whole.
ImageFormat detect_format(std::string_view bytes);

bool looks_like_html(std::string_view bytes);

struct ForeignKind {
  std::string_view name;    // "a PDF document"; empty: not a kind we know
  bool is_picture = false;  // a picture, of a format that is not taken
};
ForeignKind detect_foreign_kind(std::string_view bytes);

}  // namespace medimirror
