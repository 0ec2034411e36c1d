#include "shop/near_prints.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "base/vector_code.h"

namespace medimirror {

namespace {

// Places of those that may be near. Most of a search is spent here.
MEDIMIRROR_VECTOR_CODE
void find_near(const CoarsePrint& one, const CoarsePrint* others, std::size_t count,
               std::vector<std::uint32_t>& places) {
  for (std::size_t at = 0; at < count; ++at) {
    std::uint8_t worst = 0;
    for (std::size_t i = 0; i < one.size(); ++i) {
      const std::uint8_t a = one[i], b = others[at][i];
      const auto difference = static_cast<std::uint8_t>(std::max(a, b) - std::min(a, b));
      worst = std::max(worst, difference);
    }
    if (worst <= kCoarseMax) places.push_back(static_cast<std::uint32_t>(at));
  }
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
  const std::uint32_t number = count_++;
  const CoarsePrint coarse = medimirror::coarse(cells);
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
    const Cell& cell = there->second;
    places_.clear();
    find_near(coarse, cell.coarse.data(), cell.coarse.size(), places_);
    for (const std::uint32_t at : places_) {
      const std::uint32_t other = cell.numbers[at];
      if (!matters_(number, other)) continue;
      const std::optional<PrintCells> compared = read_(other);
      if (compared && is_near_duplicate(cells, *compared)) found_(number, other);
    }
  }
  Cell& own = grid_[key(0)];
  own.coarse.push_back(coarse);
  own.numbers.push_back(number);
}

}  // namespace medimirror
