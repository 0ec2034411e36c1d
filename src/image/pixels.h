// Role: 8-bit pixels in memory, rows without gaps, bands interleaved.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace medimirror {

struct Pixels {
  std::uint32_t width = 0, height = 0, bands = 0;
  std::vector<std::uint8_t> data;

  std::size_t row_bytes() const { return std::size_t{width} * bands; }
  const std::uint8_t* row(std::size_t y) const { return data.data() + y * row_bytes(); }
  std::uint8_t* row(std::size_t y) { return data.data() + y * row_bytes(); }
};

}  // namespace medimirror
