// Role: a picture as it comes out of the decoder, row by row, kept at the sizes that derivatives start from:
// full size, half, a quarter and so on, each the mean of 2 × 2 pixels of the one before, where the decoder did not scale.
// Place: fed by the inspector while it decodes, so pixels are halved while they are still in the cache; read
// by derivative.h. A derivative starts from the smallest level that is at least kMargin times its own size.
// Which one that is depends on the picture and the recipe alone. How it was made does not always: of a JPEG the decoder
// itself makes the first level that any configured recipe (or the print) starts from (jpeg_decoder.h), and its halves are
// not quite ours. So equal pictures and recipes make equal bytes in one configuration and with one libjpeg-turbo; a
// configuration with a larger recipe may make others, as good.
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

  struct Shape {
    std::uint32_t width = 0, height = 0, bands = 0;
    bool has_alpha = false;  // the last band is alpha, and what is kept is multiplied by it
  };

  Pyramid() = default;
  // `shape` is that of level 0, the whole picture; rows come as of level `first`, which a decoder that scales by itself has
  // made. No level before it is kept.
  Pyramid(const Shape& shape, const std::set<unsigned>& levels_kept, unsigned first = 0);

  // The level for a target this many times smaller than the picture.
  static unsigned level_for(double shrink);

  void add_row(const std::uint8_t* row);
  // Where the row `ahead` of the next one will lie: a decoder that puts it there, and then adds it, saves a copy. Null: nowhere
  // as it comes.
  std::uint8_t* place_of_row(std::uint32_t ahead);
  const Level& level(unsigned number) const { return steps_[number - first_].level; }

 private:
  struct Step {
    Level level;
    bool kept = false;
    std::uint32_t rows = 0;  // arrived so far
    Samples waiting;         // an upper row until its lower one is there
    Samples halved;          // what goes on to the next level
  };
  void add_row(std::size_t number, const std::uint8_t* row);

  std::vector<Step> steps_;  // from level `first_` on
  unsigned first_ = 0;
  bool has_alpha_ = false;
  Samples multiplied_;
};

}  // namespace medimirror
