// Role: what a picture looks like, in few bytes: two of them tell whether two files show the same picture.
// Place: made by image/print_maker while all pixels are decoded, kept with the blob's record, compared by views and
// by the report of duplicates.
// Format: version(1 byte) and what print.cc says. A print of another version is like none.
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

// The picture's content, cut out of its white surroundings and brought to a square of cells. Levels are 0 to 255.
struct PrintCells {
  static constexpr std::size_t kEdge = 32;       // of the light
  static constexpr std::size_t kColourEdge = 8;  // of the colour
  double aspect = 1;                             // width of the content by its height
  std::array<std::uint8_t, kEdge * kEdge> light{};
  std::array<std::uint8_t, kColourEdge * kColourEdge> blue{}, red{};  // Cb and Cr, 128 is grey
};
Print pack(const PrintCells& cells);
std::optional<PrintCells> unpack(const Print& print);

struct PrintDistance {
  double aspect = 0;  // share by which the longer differs from the shorter
  int light = 0;      // of the worst cell
  int colour = 0;     // of the worst cell
};
// Nothing when one of them is empty or of another version.
std::optional<PrintDistance> distance(const Print& one, const Print& other);

bool is_near_duplicate(const Print& one, const Print& other);

}  // namespace medimirror
