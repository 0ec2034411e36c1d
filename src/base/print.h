// Role: what a picture looks like, in few bytes: two of them tell whether two files show the same picture.
// Place: made by image/print_maker while all pixels are decoded, kept with the blob's record, compared by views and by
// the report of duplicates.
// How: the content is found by where it is dark and brought to a square of cells, so size, padding, encoding and white
// margins do not matter. Each cell is compared with its like: a change of text moves few cells far, while scaling and
// encoding move many a little. So another strength on the same pack is told apart, as long as its digits are not small.
// Thresholds: chosen by the labelled set of tests/image/print_test.cc, which prints the distances. Over it, the same
// picture scaled down to 300 pixels (mostly 200), encoded anew, padded or with its margins cut is within all of them,
// and every other picture beyond at least one:
//     aspect   same at most 1 %   limit 3 %
//     colour   same at most 3     limit 9     the nearest that only colour tells: 20, another shade of a band
//     light    same at most 15    limit 16    the nearest other picture: 18, "600 mg" for "500 mg"
//     coarse   same at most 5     limit 6
// What it cannot: a digit lower than a fifteenth of the content may change unnoticed; a picture of which more than half
// a percent of the content was cut off at a side, or that was turned or mirrored, counts as another.
// Format, version 1: version(1 byte) aspect(2 bytes, little-endian: 32768 + hundredths of its natural logarithm)
// light(32 × 32 bytes, row by row) blue, red(8 × 8 bytes each). A print of another version is like none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace medimirror {

constexpr std::size_t kPrintBytesMax = 2048;

struct Print {
  std::string bytes;

  bool empty() const { return bytes.empty(); }
  bool operator==(const Print&) const = default;
};

struct PrintCells {
  static constexpr std::size_t kEdge = 32, kColourEdge = 8;
  double aspect = 1;                                                  // width of the content by its height
  std::array<std::uint8_t, kEdge * kEdge> light{};                    // 255 is white
  std::array<std::uint8_t, kColourEdge * kColourEdge> blue{}, red{};  // as in JPEG: 128 is grey
};
Print pack(const PrintCells& cells);
std::optional<PrintCells> unpack(const Print& print);

// A glance at a print: near duplicates differ by at most kCoarseMax in each of these, so a search among many pictures
// may leave out all others.
constexpr std::size_t kCoarseEdge = 8;
using CoarsePrint = std::array<std::uint8_t, kCoarseEdge * kCoarseEdge>;
CoarsePrint coarse(const PrintCells& cells);

struct PrintDistance {
  double aspect = 0;          // share by which the longer one is longer
  int light = 0, colour = 0;  // of the worst cell
  int coarse = 0;
};
constexpr double kAspectMax = 0.03;
constexpr int kLightMax = 16, kColourMax = 9, kCoarseMax = 6;

PrintDistance distance(const PrintCells& one, const PrintCells& other);

// False when either is empty or of another version.
bool is_near_duplicate(const Print& one, const Print& other);
bool is_near_duplicate(const PrintCells& one, const PrintCells& other);

}  // namespace medimirror
