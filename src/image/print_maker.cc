#include "image/print_maker.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "base/vector_code.h"

namespace medimirror {

namespace {

constexpr std::uint32_t kLongerSideMin = 360;
constexpr double kReach = 2.0;  // of the window from the middle, in standard deviations
constexpr std::size_t kEdge = PrintCells::kEdge, kColourEdge = PrintCells::kColourEdge;
constexpr double kRed = 0.299, kGreen = 0.587, kBlue = 0.114;

// ---------------------------------------------------------------- on white, three bands

void lay_on_white(const std::uint8_t* from, std::uint32_t width, std::uint32_t bands, bool has_alpha,
                  std::uint8_t* out) {
  for (std::uint32_t x = 0; x < width; ++x, from += bands, out += 3) {
    for (std::size_t band = 0; band < 3; ++band) {
      const unsigned level = from[bands < 3 ? 0 : band];
      const unsigned white = has_alpha ? 255u - from[bands - 1] : 0u;
      const bool is_ink = bands == 4 && !has_alpha;
      out[band] = static_cast<std::uint8_t>(is_ink ? (255 - level) * (255u - from[3]) / 255
                                                   : std::min(level + white, 255u));
    }
  }
}

Pixels on_white(const Pixels& source, bool has_alpha) {
  Pixels flat{source.width, source.height, 3, {}};
  flat.data.resize(flat.row_bytes() * flat.height);
  for (std::uint32_t y = 0; y < source.height; ++y)
    lay_on_white(source.row(y), source.width, source.bands, has_alpha, flat.row(y));
  return flat;
}

// ---------------------------------------------------------------- the window

struct Window {
  double start = 0, length = 0;  // in pixels
};

// Paper that is nearly white is white: encoders move it by a level or two, and there is much of it.
constexpr std::uint8_t kWhiteFrom = 248;
inline std::uint8_t inked(std::uint8_t level) {
  return level >= kWhiteFrom ? std::uint8_t{255} : level;
}

MEDIMIRROR_VECTOR_CODE
void add_levels(const std::uint8_t* row, std::size_t count, std::uint32_t* sums) {
  for (std::size_t i = 0; i < count; ++i) sums[i] += inked(row[i]);
}

MEDIMIRROR_VECTOR_CODE
std::uint32_t sum_of(const std::uint8_t* row, std::size_t count) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += inked(row[i]);
  return sum;
}

// The part of the last pixel that is picture.
double last_part(double length, std::size_t pixels) {
  return std::clamp(length - static_cast<double>(pixels - 1), 0.0, 1.0);
}

// Darkness along one side -> its middle and how far it spreads. A mean over pixels keeps the sum of darkness, so
// scaling moves neither.
Window window_of(std::vector<double> darkness, double length) {
  darkness.back() *= last_part(length, darkness.size());
  double mass = 0, places = 0, squares = 0;
  for (std::size_t i = 0; i < darkness.size(); ++i) {
    const double place = static_cast<double>(i) + 0.5;
    mass += darkness[i];
    places += darkness[i] * place;
    squares += darkness[i] * place * place;
  }
  if (mass < 1) return {0, length};  // nothing on white
  const double middle = places / mass;
  const double reach = kReach * std::sqrt(std::max(squares / mass - middle * middle, 0.0) + 1.0 / 12);
  return {middle - reach, 2 * reach};
}

std::pair<Window, Window> windows_of(const Pixels& pixels, double width, double height) {
  std::vector<std::uint32_t> sums(pixels.row_bytes());
  std::vector<double> across, down;
  for (std::uint32_t y = 0; y < pixels.height; ++y) {
    add_levels(pixels.row(y), sums.size(), sums.data());
    down.push_back(255.0 * static_cast<double>(sums.size()) - sum_of(pixels.row(y), sums.size()));
  }
  for (std::uint32_t x = 0; x < pixels.width; ++x)
    across.push_back(3 * 255.0 * pixels.height - (sums[x * 3] + sums[x * 3 + 1] + sums[x * 3 + 2]));
  return {window_of(std::move(across), width), window_of(std::move(down), height)};
}

// ---------------------------------------------------------------- the cells

// How much of a cell a pixel fills along one side.
struct Share {
  std::uint32_t pixel = 0, cell = 0;
  float part = 0;
};
std::vector<Share> shares_of(const Window& window, std::uint32_t pixels, double length) {
  std::vector<Share> shares;
  const double cell_length = window.length / kEdge;
  for (std::uint32_t pixel = 0; pixel < pixels; ++pixel) {
    const double from = std::max<double>(pixel, window.start);
    const double to = std::min({pixel + 1.0, length, window.start + window.length});
    if (from >= to) continue;
    for (auto cell = static_cast<std::uint32_t>((from - window.start) / cell_length); cell < kEdge; ++cell) {
      const double left = std::max(from, window.start + cell * cell_length);
      const double right = std::min(to, window.start + (cell + 1) * cell_length);
      if (right > left) shares.push_back({pixel, cell, static_cast<float>((right - left) / cell_length)});
      if (right >= to) break;
    }
  }
  return shares;
}

MEDIMIRROR_VECTOR_CODE
void add_row(const std::uint8_t* row, std::size_t count, float part, float* sums) {
  for (std::size_t i = 0; i < count; ++i) sums[i] += part * static_cast<float>(row[i]);
}

using Colours = std::vector<std::array<float, 3>>;  // kEdge × kEdge of red, green, blue

Colours colours_of(const Pixels& pixels, const Window& columns, const Window& rows, double width,
                   double height) {
  const std::vector<Share> across = shares_of(columns, pixels.width, width),
                           down = shares_of(rows, pixels.height, height);
  std::array<float, kEdge> covered{};
  for (const Share& share : across) covered[share.cell] += share.part;
  Colours colours(kEdge * kEdge, {255, 255, 255});  // beyond the picture it is white
  std::vector<float> sums(pixels.row_bytes());
  auto share = down.begin();
  for (std::uint32_t y = 0; y < kEdge; ++y) {
    std::fill(sums.begin(), sums.end(), 0.0f);
    float rows_covered = 0;
    // A pixel on the border of two cells stands twice, in order of its cells.
    for (; share != down.end() && share->cell == y; ++share) {
      add_row(pixels.row(share->pixel), sums.size(), share->part, sums.data());
      rows_covered += share->part;
    }
    std::array<float, 3>* row = &colours[y * kEdge];
    for (std::uint32_t x = 0; x < kEdge; ++x)
      for (float& level : row[x]) level -= 255 * covered[x] * rows_covered;
    for (const Share& part : across)
      for (std::size_t band = 0; band < 3; ++band)
        row[part.cell][band] += part.part * sums[part.pixel * 3 + band];
  }
  return colours;
}

std::uint8_t level(double value) {
  return static_cast<std::uint8_t>(std::clamp(std::lround(value), 0L, 255L));
}

// ---------------------------------------------------------------- upright

// Where in the stored cells the upright cell (x, y) is.
template <std::size_t kSide>
std::size_t stored_place(std::size_t x, std::size_t y, int orientation) {
  const std::size_t last = kSide - 1;
  if (orientation >= 5) std::swap(x, y);
  if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) x = last - x;
  if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) y = last - y;
  return y * kSide + x;
}

}  // namespace

unsigned print_level(std::uint32_t width, std::uint32_t height) {
  unsigned number = 0;
  while (std::max(width, height) >> (number + 1) >= kLongerSideMin) ++number;
  return number;
}

Print make_print(const Pyramid::Level& source, bool has_alpha, int orientation) {
  Pixels flat;
  if (source.pixels.bands != 3) flat = on_white(source.pixels, has_alpha);
  const Pixels& pixels = source.pixels.bands == 3 ? source.pixels : flat;
  const auto [columns, rows] = windows_of(pixels, source.width, source.height);
  const Colours colours = colours_of(pixels, columns, rows, source.width, source.height);

  PrintCells cells;
  cells.aspect = columns.length / rows.length;
  if (orientation >= 5) cells.aspect = 1 / cells.aspect;
  std::array<double, kColourEdge * kColourEdge> blue{}, red{};
  constexpr std::size_t kJoined = kEdge / kColourEdge;
  for (std::size_t y = 0; y < kEdge; ++y)
    for (std::size_t x = 0; x < kEdge; ++x) {
      const auto [r, g, b] = colours[stored_place<kEdge>(x, y, orientation)];
      const double light = kRed * r + kGreen * g + kBlue * b;
      cells.light[y * kEdge + x] = level(light);
      const std::size_t joined = y / kJoined * kColourEdge + x / kJoined;
      blue[joined] += (b - light) / (2 * (1 - kBlue)) / (kJoined * kJoined);
      red[joined] += (r - light) / (2 * (1 - kRed)) / (kJoined * kJoined);
    }
  for (std::size_t i = 0; i < blue.size(); ++i) {
    cells.blue[i] = level(128 + blue[i]);
    cells.red[i] = level(128 + red[i]);
  }
  return pack(cells);
}

}  // namespace medimirror
