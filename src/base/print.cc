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

// The content is found to a fraction of a cell: a level is compared with all that the other picture shows this part of
// a cell around.
constexpr float kSlack = 0.2f;

template <std::size_t kCount>
void append(std::string& bytes, const std::array<std::uint8_t, kCount>& levels) {
  for (const std::uint8_t level : levels) bytes.push_back(static_cast<char>(level));
}

template <std::size_t kCount>
const char* load(const char* from, std::array<std::uint8_t, kCount>& levels) {
  for (std::uint8_t& level : levels) level = static_cast<std::uint8_t>(*from++);
  return from;
}

template <std::size_t kCount>
constexpr std::size_t kSide =
    kCount == PrintCells::kEdge* PrintCells::kEdge ? PrintCells::kEdge : PrintCells::kColourEdge;

// How far the worst level of `one` is from what `other` shows around its place.
template <std::size_t kCount>
float worst_beside(const std::array<std::uint8_t, kCount>& one,
                   const std::array<std::uint8_t, kCount>& other) {
  constexpr std::size_t side = kSide<kCount>;
  float worst = 0;
  for (std::size_t y = 0; y < side; ++y)
    for (std::size_t x = 0; x < side; ++x) {
      const int here = other[y * side + x];
      int low = here, high = here;
      for (std::size_t row = y > 0 ? y - 1 : 0; row <= std::min(y + 1, side - 1); ++row)
        for (std::size_t column = x > 0 ? x - 1 : 0; column <= std::min(x + 1, side - 1); ++column) {
          const int there = other[row * side + column];
          low = std::min(low, there);
          high = std::max(high, there);
        }
      const auto level = static_cast<float>(one[y * side + x]), middle = static_cast<float>(here);
      worst = std::max({worst, middle - kSlack * static_cast<float>(here - low) - level,
                        level - middle - kSlack * static_cast<float>(high - here)});
    }
  return worst;
}

template <std::size_t kCount>
int worst(const std::array<std::uint8_t, kCount>& one, const std::array<std::uint8_t, kCount>& other) {
  return static_cast<int>(std::max(worst_beside(one, other), worst_beside(other, one)));
}

}  // namespace

Print pack(const PrintCells& cells) {
  const int hundredths = static_cast<int>(std::lround(std::log(cells.aspect) / kAspectStep));
  const int aspect = std::clamp(kAspectZero + hundredths, 0, 65535);
  Print print;
  print.bytes.reserve(kBytes);
  for (const int byte : {int{kVersion}, aspect & 0xff, aspect >> 8})
    print.bytes.push_back(static_cast<char>(byte));
  append(print.bytes, cells.light);
  append(print.bytes, cells.blue);
  append(print.bytes, cells.red);
  return print;
}

std::optional<PrintCells> unpack(const Print& print) {
  if (print.bytes.size() != kBytes || print.bytes[0] != kVersion) return std::nullopt;
  const auto byte = [&](std::size_t at) { return int{static_cast<unsigned char>(print.bytes[at])}; };
  PrintCells cells;
  cells.aspect = std::exp((byte(1) + 256 * byte(2) - kAspectZero) * kAspectStep);
  const char* from = load(print.bytes.data() + 3, cells.light);
  load(load(from, cells.blue), cells.red);
  return cells;
}

CoarsePrint coarse(const PrintCells& cells) {
  constexpr std::size_t kJoined = PrintCells::kEdge / kCoarseEdge;
  std::array<unsigned, kCoarseEdge * kCoarseEdge> sums{};
  for (std::size_t y = 0; y < PrintCells::kEdge; ++y)
    for (std::size_t x = 0; x < PrintCells::kEdge; ++x)
      sums[y / kJoined * kCoarseEdge + x / kJoined] += cells.light[y * PrintCells::kEdge + x];
  CoarsePrint means{};
  for (std::size_t i = 0; i < sums.size(); ++i)
    means[i] = static_cast<std::uint8_t>(sums[i] / (kJoined * kJoined));
  return means;
}

PrintDistance distance(const PrintCells& one, const PrintCells& other) {
  PrintDistance distance;
  distance.aspect = std::max(one.aspect / other.aspect, other.aspect / one.aspect) - 1;
  distance.light = worst(one.light, other.light);
  distance.colour = std::max(worst(one.blue, other.blue), worst(one.red, other.red));
  const CoarsePrint a = coarse(one), b = coarse(other);
  for (std::size_t i = 0; i < a.size(); ++i)
    distance.coarse = std::max(distance.coarse, std::abs(int{a[i]} - int{b[i]}));
  return distance;
}

bool is_near_duplicate(const PrintCells& one, const PrintCells& other) {
  const PrintDistance between = distance(one, other);
  return between.aspect <= kAspectMax && between.light <= kLightMax && between.colour <= kColourMax &&
         between.coarse <= kCoarseMax;
}

bool is_near_duplicate(const Print& one, const Print& other) {
  const std::optional<PrintCells> a = unpack(one), b = unpack(other);
  return a && b && is_near_duplicate(*a, *b);
}

}  // namespace medimirror
