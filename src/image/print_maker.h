// Role: the print of a picture (base/print.h) out of its rows as they are decoded.
// Place: fed by the inspector beside the pyramid, with the same rows. Asks nothing of the pyramid, so the print does
// not depend on which derivatives are made.
// How: rows are shrunk while they are in the cache and laid on white. Where the content lies is told by its darkness,
// mean and spread, which padding, scaling and encoding hardly move, unlike an edge found by a threshold. The cells are
// means over that window, turned upright at the end.
// Limits: 180 to 360 pixels of the longer side are looked at, and of a large picture half the rows.
// Not here: profiles. A picture in another colour space looks a little different, and may get a print of its own.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/print.h"
#include "image/pixels.h"

namespace medimirror {

class PrintMaker {
 public:
  PrintMaker() = default;
  // With `has_alpha` the last band is alpha; four bands without are CMYK.
  PrintMaker(std::uint32_t width, std::uint32_t height, std::uint32_t bands, bool has_alpha);

  void add_row(const std::uint8_t* row);  // each of the picture's, from the top
  Print finish(int orientation) const;    // of EXIF, 1 to 8

 private:
  static constexpr std::uint32_t kRowsOfGroup = 4;  // looked at, of those that become one

  void shrink_group();
  void keep(const std::uint8_t* row);

  std::uint32_t width_ = 0, height_ = 0, bands_ = 0;
  bool has_alpha_ = false;
  unsigned halvings_ = 0;
  std::uint32_t rows_ = 0;                                     // arrived
  std::uint32_t waiting_ = 0;                                  // of the group at hand
  std::array<std::vector<std::uint8_t>, kRowsOfGroup> group_;  // on white
  std::array<std::vector<std::uint8_t>, 2> halved_;
  Pixels small_;  // RGB on white
  std::uint32_t small_rows_ = 0;
};

}  // namespace medimirror
