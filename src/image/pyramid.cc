#include "image/pyramid.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "image/resample.h"

namespace medimirror {

Pyramid::Pyramid(const Shape& shape, const std::set<unsigned>& levels_kept, unsigned first)
    : first_(first), has_alpha_(shape.has_alpha) {
  std::uint32_t width = shape.width, height = shape.height;
  double exact_width = width, exact_height = height;
  for (unsigned number = 0; !levels_kept.empty() && number <= *levels_kept.rbegin(); ++number) {
    if (number >= first) {
      Step& step = steps_.emplace_back();
      step.level = {{width, height, shape.bands, {}}, exact_width, exact_height};
      step.kept = levels_kept.contains(number);
      if (step.kept) step.level.pixels.data.resize(step.level.pixels.row_bytes() * height);
      if (number < *levels_kept.rbegin()) {
        if (!step.kept) step.waiting.resize(step.level.pixels.row_bytes());
        step.halved.resize(std::size_t{(width + 1) / 2} * shape.bands);
      }
    }
    width = (width + 1) / 2;
    height = (height + 1) / 2;
    exact_width /= 2;
    exact_height /= 2;
  }
}

unsigned Pyramid::level_for(double shrink) {
  unsigned number = 0;
  while (shrink / 2 >= kMargin) {
    shrink /= 2;
    ++number;
  }
  return number;
}

std::uint8_t* Pyramid::place_of_row(std::uint32_t ahead) {
  if (steps_.empty() || has_alpha_ || !steps_[0].kept) return nullptr;
  Pixels& pixels = steps_[0].level.pixels;
  const std::uint32_t y = steps_[0].rows + ahead;
  return y < pixels.height ? pixels.row(y) : nullptr;
}

void Pyramid::add_row(const std::uint8_t* row) {
  if (steps_.empty()) return;
  if (!has_alpha_) return add_row(0, row);
  const Pixels& full = steps_[0].level.pixels;
  multiplied_.assign(row, row + full.row_bytes());
  premultiply(multiplied_.data(), full.width, full.bands);
  add_row(0, multiplied_.data());
}

void Pyramid::add_row(std::size_t number, const std::uint8_t* row) {
  Step& step = steps_[number];
  Pixels& pixels = step.level.pixels;
  assert(step.rows < pixels.height);
  const std::uint32_t y = step.rows++;
  if (step.kept && row != pixels.row(y)) std::memcpy(pixels.row(y), row, pixels.row_bytes());
  if (number + 1 == steps_.size()) return;
  const bool upper = y % 2 == 0, last = y + 1 == pixels.height;
  if (upper && !last) {
    if (!step.kept) std::memcpy(step.waiting.data(), row, pixels.row_bytes());
    return;
  }
  const std::uint8_t* above = upper ? row : step.kept ? pixels.row(y - 1) : step.waiting.data();
  halve_rows(above, row, pixels.width, pixels.bands, step.halved.data());
  add_row(number + 1, step.halved.data());
}

}  // namespace medimirror
