// Role: a picture as it comes out of the decoder, row by row, kept at the sizes that derivatives start from:
// full size, half, a quarter and so on, each the mean of 2 × 2 pixels of the one before.
// Place: fed by the inspector while it decodes, so pixels are halved while they are still in the cache; read
// by derivative.h. A derivative starts from the smallest level that is at least kMargin times its own size.
// Which one that is depends on the picture and the recipe alone, never on what else is made: equal keys make
// equal bytes.
// Limits: keeps only the levels that somebody will read; one level asked for at half size costs a quarter of
// the memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "image/pixels.h"

namespace medimirror {

class Pyramid {
 public:
  // What is left for the Lanczos filter to do after halving: enough to hide that the mean is a plain filter.
  static constexpr double kMargin = 1.5;

  struct Level {
    Pixels pixels;
    double width = 0, height = 0;  // of the picture in pixels of this level; odd sizes give a fraction
  };

  Pyramid() = default;
  // With `has_alpha` the last band is alpha, and what is kept is multiplied by it.
  Pyramid(std::uint32_t width, std::uint32_t height, std::uint32_t bands, bool has_alpha,
          const std::set<unsigned>& levels_kept);

  // The level for a target this many times smaller than the picture.
  static unsigned level_for(double shrink);

  void add_row(const std::uint8_t* row);
  const Level& level(unsigned number) const { return steps_[number].level; }

 private:
  struct Step {
    Level level;
    bool kept = false;
    std::uint32_t rows = 0;             // arrived so far
    std::vector<std::uint8_t> waiting;  // an upper row until its lower one is there
    std::vector<std::uint8_t> halved;   // what goes on to the next level
  };
  void add_row(unsigned number, const std::uint8_t* row);

  std::vector<Step> steps_;
  bool has_alpha_ = false;
  std::vector<std::uint8_t> multiplied_;
};

}  // namespace medimirror
