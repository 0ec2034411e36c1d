// Role: are these bytes a good picture, to the last pixel? And, from the same decode, its print and its derivatives.
// Place: runs in the decoder process (decoder_process.h), which is where the rest of the program reaches it.
// Threads: one at a time in a process, after start_vips(). Takes milliseconds to seconds; the process around
// it has the time-out.
// Failure: a Rejection. std::bad_alloc passes through. Nothing of one picture reaches another: what libraries keep for the
// whole process (texts of errors and warnings) is forgotten before each.
// Limits: those of header.h, checked before a pixel is decoded; memory as the levels kept (pyramid.h) and a
// few rows.
// Not here: the container's structure (header.h); decoding (jpeg_decoder.h, vips_decoder.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/image.h"
#include "image/header.h"

namespace medimirror {

struct MadeDerivative {
  std::size_t recipe = 0;  // its index among those asked for
  std::string bytes;
  ImageInfo info;
};

struct Inspection {
  ImageInfo info;
  std::vector<MadeDerivative> derivatives;  // one for each recipe that was wanted, in their order
};

// All recipes of the configuration, since they decide together at which scale a picture is decoded, and which of them are to be
// made of this one.
struct Recipes {
  static constexpr std::size_t kCountMax = 64;

  Recipes() = default;
  Recipes(std::span<const Recipe> all, std::uint64_t which = ~std::uint64_t{0})
      : configured(all), wanted(which) {}
  Recipes(const std::vector<Recipe>& all) : Recipes(std::span(all)) {}

  std::span<const Recipe> configured;
  std::uint64_t wanted = 0;  // bit i: make configured[i]

  bool wants(std::size_t i) const { return wanted >> i & 1; }
};

std::variant<Inspection, Rejection> inspect_pixels(std::string_view bytes, const Recipes& recipes,
                                                   const Limits& limits = {});

}  // namespace medimirror
