#include "shop/near_prints.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <optional>

namespace medimirror {

namespace {

bool is_near(const CoarsePrint& one, const CoarsePrint& other) {
  int worst = 0;
  for (std::size_t i = 0; i < one.size(); ++i) worst = std::max(worst, std::abs(int{one[i]} - int{other[i]}));
  return worst <= kCoarseMax;
}

constexpr double kRounding = 0.1;  // of the sums below

// In cells, twice as long as near prints differ at most.
std::array<double, 5> place_of(const PrintCells& cells, const CoarsePrint& coarse) {
  std::array<double, 5> place{};
  constexpr std::size_t kHalf = kCoarseEdge / 2;
  for (std::size_t y = 0; y < kCoarseEdge; ++y)
    for (std::size_t x = 0; x < kCoarseEdge; ++x)
      place[y / kHalf * 2 + x / kHalf] +=
          coarse[y * kCoarseEdge + x] / (kHalf * kHalf * 2.0 * (kCoarseMax + kRounding));
  // a little more, since 3 % of the longer is not quite 3 % of the shorter
  place[4] = std::log(cells.aspect) / (2.02 * kAspectMax);
  return place;
}

}  // namespace

void NearPrints::add(const PrintCells& cells) {
  const auto number = static_cast<std::uint32_t>(coarse_.size());
  const CoarsePrint& coarse = coarse_.emplace_back(medimirror::coarse(cells));
  const std::array<double, kAxes> place = place_of(cells, coarse);
  const auto key = [&](unsigned neighbours) {
    std::uint64_t joined = 0;
    for (std::size_t axis = 0; axis < kAxes; ++axis) {
      const double cell = std::floor(place[axis]);
      const double nearer = place[axis] - cell < 0.5 ? cell - 1 : cell + 1;
      const auto at = static_cast<std::int64_t>((neighbours >> axis & 1) != 0 ? nearer : cell);
      joined = joined << 12 | (static_cast<std::uint64_t>(at) & 0xfff);
    }
    return joined;
  };
  for (unsigned neighbours = 0; neighbours < 1u << kAxes; ++neighbours) {
    const auto there = grid_.find(key(neighbours));
    if (there == grid_.end()) continue;
    for (const std::uint32_t other : there->second) {
      if (!is_near(coarse, coarse_[other]) || !matters_(number, other)) continue;
      const std::optional<PrintCells> compared = read_(other);
      if (compared && is_near_duplicate(cells, *compared)) found_(number, other);
    }
  }
  grid_[key(0)].push_back(number);
}

}  // namespace medimirror
