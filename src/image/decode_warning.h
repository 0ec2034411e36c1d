// Role: what a text of libvips and its libraries means: damage, something irregular that touches no pixel, or an oddity.
// Pure. JPEG's have codes, and are judged in jpeg_decoder.h.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/image.h"

namespace medimirror {

struct WarningVerdict {
  std::optional<Rejection> refused;
  std::string note;          // when not refused
  std::string irregularity;  // likewise: what is not as the format wants it, and touches no pixel
};

// What ended a decode. libheif says "Unsupported …" of what it does not know, which is no damage.
Rejection judge_error(const std::string& text);

WarningVerdict judge_warnings(std::span<const std::string> warnings);

}  // namespace medimirror
