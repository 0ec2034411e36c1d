#include "image/print_maker.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "image/resample.h"

namespace medimirror {

namespace {

constexpr std::uint32_t kLongerSideMin = 180;  // of the small picture, where the picture has as many
constexpr int kNoise = 10;                     // darkness that an encoder leaves on white
constexpr double kSpreads = 2.0;  // the window reaches so many standard deviations from the middle
constexpr std::size_t kEdge = PrintCells::kEdge, kColourEdge = PrintCells::kColourEdge;

// The last band is dropped.
void lay_on_white(const std::uint8_t* row, std::uint32_t width, std::uint32_t bands, std::uint8_t* out) {
  for (std::uint32_t x = 0; x < width; ++x, row += bands) {
    const unsigned alpha = row[bands - 1];
    for (std::uint32_t band = 0; band + 1 < bands; ++band)
      *out++ = static_cast<std::uint8_t>((row[band] * alpha + 255 * (255 - alpha) + 127) / 255);
  }
}

struct Window {
  double start = 0, length = 0;  // in pixels of the picture
};

struct Axis {
  double sum = 0, squares = 0;

  void add(double place, double weight) {
    sum += place * weight;
    squares += place * place * weight;
  }
  double spread(double mass, double pixel) const {
    const double mean = sum / mass;
    return std::sqrt(std::max(squares / mass - mean * mean, 0.0) + pixel * pixel / 12);
  }
};

// Which cells a small pixel lies in, and how much of it.
struct Share {
  std::uint32_t at = 0, cell = 0;
  float part = 0;  // of the cell
};
std::vector<Share> shares(const Window& window, double pixel, std::uint32_t pixels, double picture_length) {
  std::vector<Share> all;
  const double cell_length = window.length / kEdge;
  for (std::uint32_t at = 0; at < pixels; ++at) {
    const double from = std::max(at * pixel, window.start);
    const double to = std::min({(at + 1) * pixel, picture_length, window.start + window.length});
    if (from >= to) continue;
    auto cell = static_cast<std::uint32_t>((from - window.start) / cell_length);
    for (; cell < kEdge; ++cell) {
      const double left = std::max(from, window.start + cell * cell_length);
      const double right = std::min(to, window.start + (cell + 1) * cell_length);
      if (left >= to) break;
      if (right > left) all.push_back({at, cell, static_cast<float>((right - left) / cell_length)});
    }
  }
  return all;
}

std::uint8_t level(float value) {
  return static_cast<std::uint8_t>(std::clamp(std::lround(value), 0L, 255L));
}

// Where in the stored cells the upright cell (x, y) is.
template <std::size_t kSide>
std::size_t stored_place(std::size_t x, std::size_t y, int orientation) {
  const std::size_t last = kSide - 1;
  if (orientation >= 5) std::swap(x, y);
  if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) x = last - x;
  if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) y = last - y;
  return y * kSide + x;
}

template <std::size_t kSide>
void turn(std::array<std::uint8_t, kSide * kSide>& cells, int orientation) {
  const auto stored = cells;
  for (std::size_t y = 0; y < kSide; ++y)
    for (std::size_t x = 0; x < kSide; ++x)
      cells[y * kSide + x] = stored[stored_place<kSide>(x, y, orientation)];
}

}  // namespace

PrintMaker::PrintMaker(std::uint32_t width, std::uint32_t height, std::uint32_t bands, bool has_alpha)
    : width_(width), height_(height), bands_(has_alpha ? bands - 1 : bands), has_alpha_(has_alpha) {
  while (std::max(width, height) >> (halvings_ + 1) >= kLongerSideMin) ++halvings_;
  const std::uint32_t pixel = 1u << halvings_;
  small_ = {(width + pixel - 1) / pixel, (height + pixel - 1) / pixel, 3, {}};
  small_.data.resize(small_.row_bytes() * small_.height);
  for (auto& row : group_) row.resize(std::size_t{width} * bands_);
  for (auto& row : halved_) row.resize(std::size_t{width + 1} / 2 * bands_);
}

void PrintMaker::add_row(const std::uint8_t* row) {
  const std::uint32_t pixel = 1u << halvings_, y = rows_++;
  const std::uint32_t start = y / pixel * pixel, rows = std::min(pixel, height_ - start);
  const std::uint32_t looked_at = rows >= kRowsOfGroup ? kRowsOfGroup : rows >= 2 ? 2 : 1;
  const std::uint32_t first = start + (rows - looked_at) / 2;
  if (y < first || y >= first + looked_at) return;
  std::vector<std::uint8_t>& kept = group_[waiting_++];
  if (has_alpha_) {
    lay_on_white(row, width_, bands_ + 1, kept.data());
  } else {
    std::memcpy(kept.data(), row, kept.size());
  }
  if (waiting_ == looked_at) shrink_group();
}

void PrintMaker::shrink_group() {
  const std::uint8_t* row = group_[0].data();
  std::uint32_t width = width_;
  unsigned done = 0;
  if (waiting_ == kRowsOfGroup) {  // there are four only where two halvings are to come
    for (unsigned pair : {0u, 1u})
      halve_rows(group_[2 * pair].data(), group_[2 * pair + 1].data(), width, bands_, halved_[pair].data());
    width = (width + 1) / 2;
    halve_rows(halved_[0].data(), halved_[1].data(), width, bands_, group_[0].data());
    width = (width + 1) / 2;
    done = 2;
  } else if (waiting_ == 2) {
    halve_rows(row, group_[1].data(), width, bands_, halved_[0].data());
    std::memcpy(group_[0].data(), halved_[0].data(), std::size_t{width + 1} / 2 * bands_);
    width = (width + 1) / 2;
    done = 1;
  }
  for (; done < halvings_; ++done, width = (width + 1) / 2) {
    halve_rows(row, row, width, bands_, halved_[0].data());
    std::memcpy(group_[0].data(), halved_[0].data(), std::size_t{width + 1} / 2 * bands_);
  }
  waiting_ = 0;
  keep(row);
}

void PrintMaker::keep(const std::uint8_t* row) {
  std::uint8_t* to = small_.row(small_rows_++);
  for (std::uint32_t x = 0; x < small_.width; ++x, to += 3, row += bands_) {
    if (bands_ == 3) {
      std::memcpy(to, row, 3);
    } else if (bands_ == 4) {
      for (std::size_t ink = 0; ink < 3; ++ink)
        to[ink] = static_cast<std::uint8_t>((255 - row[ink]) * (255 - row[3]) / 255);
    } else {
      std::memset(to, row[0], 3);
    }
  }
}

Print PrintMaker::finish(int orientation) const {
  const double pixel = 1u << halvings_;
  double mass = 0;
  Axis across, down;
  for (std::uint32_t y = 0; y < small_.height; ++y) {
    const std::uint8_t* at = small_.row(y);
    Axis row;
    int row_mass = 0;
    std::int64_t places = 0, squares = 0;
    for (std::uint32_t x = 0; x < small_.width; ++x, at += 3) {
      const int darkness = std::max(255 - kNoise - std::min({at[0], at[1], at[2]}), 0);
      row_mass += darkness;
      places += std::int64_t{darkness} * x;
      squares += std::int64_t{darkness} * x * x;
    }
    const double height = std::min(pixel, height_ - y * pixel) / pixel;
    mass += row_mass * height;
    across.sum += static_cast<double>(places) * height;
    across.squares += static_cast<double>(squares) * height;
    down.add(y, row_mass * height);
  }
  Window columns{0, double(width_)}, rows{0, double(height_)};
  PrintCells cells;
  if (mass > 0) {
    const auto window = [&](const Axis& axis) {
      const double reach = kSpreads * axis.spread(mass, 1) * pixel;
      return Window{(axis.sum / mass + 0.5) * pixel - reach, 2 * reach};
    };
    columns = window(across);
    rows = window(down);
    cells.aspect = columns.length / rows.length;
  }

  std::array<std::array<float, kEdge * 3>, kEdge> sums{};
  std::array<float, kEdge> covered_across{}, covered_down{};
  const std::vector<Share> column_shares = shares(columns, pixel, small_.width, width_);
  for (const Share& share : column_shares) covered_across[share.cell] += share.part;
  std::array<float, kEdge * 3> row_sums{};
  std::uint32_t summed = ~0u;
  for (const Share& down_share : shares(rows, pixel, small_.height, height_)) {
    if (down_share.at != summed) {
      summed = down_share.at;
      row_sums.fill(0);
      const std::uint8_t* row = small_.row(summed);
      for (const Share& share : column_shares)
        for (std::size_t band = 0; band < 3; ++band)
          row_sums[share.cell * 3 + band] += share.part * static_cast<float>(row[share.at * 3 + band]);
    }
    covered_down[down_share.cell] += down_share.part;
    for (std::size_t i = 0; i < row_sums.size(); ++i)
      sums[down_share.cell][i] += down_share.part * row_sums[i];
  }
  std::array<float, kColourEdge * kColourEdge> blue{}, red{};
  constexpr std::size_t kJoined = kEdge / kColourEdge;
  for (std::size_t y = 0; y < kEdge; ++y)
    for (std::size_t x = 0; x < kEdge; ++x) {
      const float white = 255 * (1 - covered_across[x] * covered_down[y]);
      const float r = sums[y][x * 3] + white, g = sums[y][x * 3 + 1] + white, b = sums[y][x * 3 + 2] + white;
      const float light = 0.299f * r + 0.587f * g + 0.114f * b;
      cells.light[y * kEdge + x] = level(light);
      const std::size_t joined = y / kJoined * kColourEdge + x / kJoined;
      blue[joined] += (b - light) * 0.564f / (kJoined * kJoined);
      red[joined] += (r - light) * 0.713f / (kJoined * kJoined);
    }
  for (std::size_t i = 0; i < blue.size(); ++i) {
    cells.blue[i] = level(128 + blue[i]);
    cells.red[i] = level(128 + red[i]);
  }
  if (orientation > 1 && orientation <= 8) {
    turn<kEdge>(cells.light, orientation);
    turn<kColourEdge>(cells.blue, orientation);
    turn<kColourEdge>(cells.red, orientation);
    if (orientation >= 5) cells.aspect = 1 / cells.aspect;
  }
  return pack(cells);
}

}  // namespace medimirror
