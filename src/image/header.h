// Role: is this a whole picture, as far as its container tells? Magic bytes, type, limits, and a walk over
// the structure of all bytes: JPEG markers, PNG chunks with their checksums, WebP and AVIF boxes, GIF blocks.
// Place: the cheap half of validation. Alone it is `validate = "header"`, in the calling thread; the
// inspector does the same first and then decodes every pixel.
// Threads: pure, any thread. Linear in the bytes, no allocation but for the sentence.
// Failure: a Rejection. Never reads out of bounds, whatever the bytes (fuzzed).
// Not here: pixels. A flipped bit inside JPEG entropy data is for inspector.h to find.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "base/image.h"

namespace medimirror {

struct Limits {
  std::size_t bytes_max = std::size_t{256} << 20;
  std::uint64_t pixels_max = 100'000'000;  // of all pages together
  std::uint32_t pages_max = 100'000;       // many small frames are fine: pixels are what costs
  std::uint32_t side_max = 30'000;
};

// Whether a picture of this size is over a limit; nothing when it is not.
std::optional<Rejection> exceeds(const ImageInfo& info, const Limits& limits);

// Width and height are those stored, before any orientation tag is obeyed.
std::variant<ImageInfo, Rejection> inspect_header(std::string_view bytes, const Limits& limits = {});

}  // namespace medimirror
