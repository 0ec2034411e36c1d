#include "base/print.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace medimirror {

namespace {

constexpr char kVersion = 1;
constexpr double kAspectStep = 0.01;  // of the logarithm
constexpr int kAspectZero = 32768;
constexpr std::size_t kBytes =
    1 + 2 + PrintCells::kEdge * PrintCells::kEdge + 2 * PrintCells::kColourEdge * PrintCells::kColourEdge;

template <std::size_t kCount>
void append(std::string& bytes, const std::array<std::uint8_t, kCount>& levels) {
  for (const std::uint8_t level : levels) bytes.push_back(static_cast<char>(level));
}

template <std::size_t kCount>
const char* load(const char* from, std::array<std::uint8_t, kCount>& levels) {
  for (std::uint8_t& level : levels) level = static_cast<std::uint8_t>(*from++);
  return from;
}

// How far a level of `one` is from everything that `other` shows at this place moved by up to half a cell.
template <std::size_t kEdge>
int worst(const std::array<std::uint8_t, kEdge * kEdge>& one,
          const std::array<std::uint8_t, kEdge * kEdge>& other, double reach) {
  int most = 0;
  for (std::size_t y = 0; y < kEdge; ++y)
    for (std::size_t x = 0; x < kEdge; ++x) {
      const auto at = [&](std::size_t row, std::size_t column) {
        return double(other[row * kEdge + column]);
      };
      const double here = at(y, x);
      double low = here, high = here;
      const auto look = [&](std::size_t row, std::size_t column) {
        const double there = here + (at(row, column) - here) * reach;
        low = std::min(low, there);
        high = std::max(high, there);
      };
      for (std::size_t row = y > 0 ? y - 1 : 0; row <= std::min(y + 1, kEdge - 1); ++row)
        for (std::size_t column = x > 0 ? x - 1 : 0; column <= std::min(x + 1, kEdge - 1); ++column)
          look(row, column);
      const double level = one[y * kEdge + x];
      most = std::max(most, static_cast<int>(std::max({low - level, level - high, 0.0})));
    }
  return most;
}

}  // namespace

Print pack(const PrintCells& cells) {
  Print print;
  print.bytes.reserve(kBytes);
  print.bytes.push_back(kVersion);
  const int aspect =
      std::clamp(kAspectZero + static_cast<int>(std::lround(std::log(cells.aspect) / kAspectStep)), 0, 65535);
  print.bytes.push_back(static_cast<char>(aspect & 0xff));
  print.bytes.push_back(static_cast<char>(aspect >> 8));
  append(print.bytes, cells.light);
  append(print.bytes, cells.blue);
  append(print.bytes, cells.red);
  return print;
}

std::optional<PrintCells> unpack(const Print& print) {
  if (print.bytes.size() != kBytes || print.bytes[0] != kVersion) return std::nullopt;
  const auto byte = [&](std::size_t at) {
    return static_cast<int>(static_cast<unsigned char>(print.bytes[at]));
  };
  PrintCells cells;
  cells.aspect = std::exp((byte(1) + 256 * byte(2) - kAspectZero) * kAspectStep);
  const char* from = print.bytes.data() + 3;
  from = load(from, cells.light);
  from = load(from, cells.blue);
  load(from, cells.red);
  return cells;
}

std::optional<PrintDistance> distance(const Print& one, const Print& other) {
  const std::optional<PrintCells> a = unpack(one), b = unpack(other);
  if (!a || !b) return std::nullopt;
  PrintDistance distance;
  distance.aspect = std::exp(std::abs(std::log(a->aspect / b->aspect))) - 1;
  const auto both = [](auto compare, const auto& left, const auto& right) {
    return std::max(compare(left, right), compare(right, left));
  };
  constexpr double reach = 0.3;
  distance.light = both([&](const auto& l, const auto& r) { return worst<PrintCells::kEdge>(l, r, reach); },
                        a->light, b->light);
  const auto colour = [&](const auto& l, const auto& r) {
    return worst<PrintCells::kColourEdge>(l, r, reach);
  };
  distance.colour = std::max(both(colour, a->blue, b->blue), both(colour, a->red, b->red));
  return distance;
}

bool is_near_duplicate(const Print& one, const Print& other) {
  const std::optional<PrintDistance> between = distance(one, other);
  return between && between->aspect <= 0.04 && between->light <= 24 && between->colour <= 16;
}

}  // namespace medimirror
