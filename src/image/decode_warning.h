// Role: what a warning of a decoder means: damage, or an oddity that does no harm.
// Pure. The texts are libjpeg's (jerror.h), with what libvips puts around them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/image.h"

namespace medimirror {

struct WarningVerdict {
  std::optional<Rejection> refused;
  std::string note;  // when not refused
};

// `scans`: of a JPEG (container.h). libvips tells the text of the first warning only, and how many there
// were; one that repeats with every scan is still harmless, any other repetition hides something.
WarningVerdict judge_warnings(std::span<const std::string> warnings, std::uint32_t scans);

}  // namespace medimirror
