#include "image/resample.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstring>
#include <memory>
#include <numbers>

#include "base/vector_code.h"

namespace medimirror {

namespace {

// Products of 16 bits keep 16 in a vector register, twice as many as products of 32. A sample is raised by 7
// bits, a weight has 14 (of sharp edges some are above 1) and a product drops 15, which leaves 6 bits of
// fraction: the errors of 50 taps stay below half a level.
constexpr int kSampleBits = 7;
constexpr int kWeightBits = 14;
constexpr int kSumBits = kSampleBits + kWeightBits - 15;
constexpr std::uint32_t kTapsAtOnce = 4;

double lanczos3(double x) {
  if (x == 0) return 1;
  if (std::abs(x) >= 3) return 0;
  const double angle = std::numbers::pi * x;
  const double third = std::sin(angle / 3);
  const double whole = third * (3 - 4 * third * third);  // sin(angle)
  return 3 * whole * third / (angle * angle);
}

// For each target position: where its taps start in the source, and their weights, which add up to 1.
struct Filter {
  std::uint32_t taps =
      0;  // a multiple of kTapsAtOnce; the last ones may weigh nothing and lie outside the source
  std::vector<std::uint32_t> starts;
  std::vector<std::int16_t> weights;  // `taps` of them for each position

  const std::int16_t* weights_of(std::size_t position) const { return weights.data() + position * taps; }
};

Filter make_filter(std::uint32_t source_pixels, double source_length, std::uint32_t target_pixels) {
  const double scale = source_length / target_pixels;
  const double stretch = std::max(1.0, scale);
  const double radius = 3 * stretch;
  const std::uint32_t taps = std::min(source_pixels, static_cast<std::uint32_t>(std::ceil(2 * radius)) + 1);
  Filter filter;
  filter.taps = (taps + kTapsAtOnce - 1) / kTapsAtOnce * kTapsAtOnce;
  filter.weights.resize(std::size_t{target_pixels} * filter.taps);
  std::vector<double> exact(taps);
  for (std::uint32_t i = 0; i < target_pixels; ++i) {
    const double centre = (i + 0.5) * scale - 0.5;
    const auto first = static_cast<std::int64_t>(std::floor(centre - radius)) + 1;
    const std::int64_t start = std::clamp<std::int64_t>(first, 0, std::int64_t{source_pixels} - taps);
    std::fill(exact.begin(), exact.end(), 0.0);
    double sum = 0;
    // A tap outside the picture falls on its edge pixel.
    for (std::int64_t at = first; at <= static_cast<std::int64_t>(std::floor(centre + radius)); ++at) {
      const double weight = lanczos3((static_cast<double>(at) - centre) / stretch);
      exact[static_cast<std::size_t>(std::clamp<std::int64_t>(at - start, 0, taps - 1))] += weight;
      sum += weight;
    }
    std::int16_t* weights = filter.weights.data() + std::size_t{i} * filter.taps;
    std::int32_t left = 1 << kWeightBits;
    std::size_t largest = 0;
    for (std::size_t tap = 0; tap < taps; ++tap) {
      const auto weight = static_cast<std::int32_t>(std::lround(exact[tap] / sum * (1 << kWeightBits)));
      weights[tap] = static_cast<std::int16_t>(weight);
      left -= weights[tap];
      if (weights[tap] > weights[largest]) largest = tap;
    }
    // What rounding left over goes to the largest, so that a flat area stays flat.
    weights[largest] = static_cast<std::int16_t>(weights[largest] + left);
    filter.starts.push_back(static_cast<std::uint32_t>(start));
  }
  return filter;
}

MEDIMIRROR_VECTOR_CODE
void raise(const std::uint8_t* samples, std::size_t count, std::int16_t* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::int16_t>(samples[i] << kSampleBits);
}

// The compiler knows this as one instruction (pmulhrsw and its like).
inline std::int16_t product(std::int16_t sample, std::int16_t weight) {
  return static_cast<std::int16_t>(((sample * weight >> 14) + 1) >> 1);
}

// out[i] = the weighted sum of rows[i], rows[count + i] and so on, a few rows at a time.
MEDIMIRROR_VECTOR_CODE
void filter_rows(const std::int16_t* rows, const std::int16_t* weights, std::uint32_t taps, std::size_t count,
                 std::uint8_t* out) {
  constexpr std::size_t kBlock = 512;  // the sums stay in the first-level cache
  std::int16_t sums[kBlock];
  for (std::size_t from = 0; from < count; from += kBlock) {
    const std::size_t length = std::min(kBlock, count - from);
    for (std::size_t i = 0; i < length; ++i) sums[i] = 1 << (kSumBits - 1);
    for (std::uint32_t tap = 0; tap < taps; tap += kTapsAtOnce) {
      const std::int16_t *a = rows + tap * count + from, *b = a + count, *c = b + count, *d = c + count;
      const std::int16_t wa = weights[tap], wb = weights[tap + 1], wc = weights[tap + 2],
                         wd = weights[tap + 3];
      for (std::size_t i = 0; i < length; ++i)
        sums[i] = static_cast<std::int16_t>(sums[i] + product(a[i], wa) + product(b[i], wb) +
                                            product(c[i], wc) + product(d[i], wd));
    }
    for (std::size_t i = 0; i < length; ++i) {
      const auto level = static_cast<std::int16_t>(sums[i] >> kSumBits);
      out[from + i] = static_cast<std::uint8_t>(std::clamp<std::int16_t>(level, 0, 255));
    }
  }
}

// Rows become columns, pixel by pixel, so that the horizontal filter is the vertical one.
template <std::uint32_t kBands>
void transpose_bands(const Pixels& source, Pixels& target) {
  constexpr std::uint32_t kTile = 16;
  // Three bytes at a time are slow to move; of four, the next pixel of the tile overwrites the last.
  constexpr std::size_t kMoved = kBands == 3 ? 4 : kBands;
  for (std::uint32_t y0 = 0; y0 < source.height; y0 += kTile)
    for (std::uint32_t x0 = 0; x0 < source.width; x0 += kTile)
      for (std::uint32_t x = x0; x < std::min(source.width, x0 + kTile); ++x) {
        std::uint8_t* to = target.row(x) + std::size_t{y0} * kBands;
        const std::uint8_t* from = source.row(y0) + std::size_t{x} * kBands;
        const std::uint32_t last = std::min(source.height, y0 + kTile) - 1;
        for (std::uint32_t y = y0; y < last; ++y, to += kBands, from += source.row_bytes())
          std::memcpy(to, from, kMoved);
        std::memcpy(to, from, kBands);
      }
}

void transpose(const Pixels& source, Pixels& target) {
  target.width = source.height;
  target.height = source.width;
  target.bands = source.bands;
  target.data.resize(source.data.size());
  switch (source.bands) {
    case 1:
      return transpose_bands<1>(source, target);
    case 2:
      return transpose_bands<2>(source, target);
    case 3:
      return transpose_bands<3>(source, target);
    default:
      return transpose_bands<4>(source, target);
  }
}

// Most pictures of a catalogue have one of a few sizes, and the sines of a filter cost as much as an eighth of its use.
std::shared_ptr<const Filter> filter_for(std::uint32_t source_pixels, double source_length,
                                         std::uint32_t target_pixels) {
  struct Kept {
    std::uint32_t source_pixels = 0, target_pixels = 0;
    double source_length = 0;
    std::shared_ptr<const Filter> filter;
  };
  static thread_local std::array<Kept, 8> all;
  static thread_local std::size_t oldest = 0;
  for (const Kept& kept : all)
    if (kept.source_pixels == source_pixels && kept.target_pixels == target_pixels &&
        kept.source_length == source_length)
      return kept.filter;
  Kept& kept = all[oldest++ % all.size()];
  kept = {source_pixels, target_pixels, source_length,
          std::make_shared<const Filter>(make_filter(source_pixels, source_length, target_pixels))};
  return kept.filter;
}

// Makes rows of another height, from the top down.
class HeightFilter {
 public:
  HeightFilter(std::uint32_t source_pixels, double source_height, std::uint32_t height)
      : kept_(filter_for(source_pixels, source_height, height)), filter_(*kept_) {}

  // `target` gets its height of rows from row `first` on.
  void make(const Pixels& source, std::uint32_t first, Pixels& target) {
    const std::size_t stride = source.row_bytes();
    if (first == 0) bottom_ = top_ = 0;
    window_.resize((filter_.taps + kRowsMore) * stride);
    for (std::uint32_t y = 0; y < target.height; ++y) {
      const std::uint32_t start = filter_.starts[first + y];
      need(source, start, std::min(start + filter_.taps, source.height));
      filter_rows(window_.data() + (start - top_) * stride, filter_.weights_of(first + y), filter_.taps,
                  stride, target.row(y));
    }
  }

 private:
  // Each row is raised once. When the window is full, those that are still needed move to its start.
  void need(const Pixels& source, std::uint32_t start, std::uint32_t end) {
    const std::size_t stride = source.row_bytes();
    if (start >= bottom_) {
      top_ = bottom_ = start;
    } else if (start > top_ + kRowsMore) {
      std::memmove(window_.data(), window_.data() + (start - top_) * stride,
                   (bottom_ - start) * stride * sizeof window_[0]);
      top_ = start;
    }
    for (; bottom_ < end; ++bottom_)
      raise(source.row(bottom_), stride, window_.data() + (bottom_ - top_) * stride);
  }

  static constexpr std::uint32_t kRowsMore = 64;

  const std::shared_ptr<const Filter> kept_;
  const Filter& filter_;
  std::vector<std::int16_t> window_;    // raised rows; those that weigh nothing may lie behind the last
  std::uint32_t top_ = 0, bottom_ = 0;  // of the source: the first row in it, and the one behind the last
};

// The mean of each pixel with its right neighbour, over both rows: every second one of these is wanted.
MEDIMIRROR_VECTOR_CODE
void mean_with_neighbour(const std::uint8_t* upper, const std::uint8_t* lower, std::size_t count,
                         std::size_t bands, std::uint8_t* out) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto sum =
        static_cast<std::uint16_t>(upper[i] + lower[i] + upper[i + bands] + lower[i + bands] + 2);
    out[i] = static_cast<std::uint8_t>(sum >> 2);
  }
}

template <std::uint32_t kBands>
void take_every_second(const std::uint8_t* pixels, std::size_t count, std::uint8_t* out) {
  for (std::size_t i = 0; i < count; ++i) std::memcpy(out + i * kBands, pixels + i * 2 * kBands, kBands);
}

// As in transpose_bands.
template <>
void take_every_second<3>(const std::uint8_t* pixels, std::size_t count, std::uint8_t* out) {
  if (count == 0) return;
  for (std::size_t i = 0; i + 1 < count; ++i) std::memcpy(out + i * 3, pixels + i * 6, 4);
  std::memcpy(out + (count - 1) * 3, pixels + (count - 1) * 6, 3);
}

}  // namespace

Pixels resample(const Pixels& source, double source_width, double source_height, std::uint32_t width,
                std::uint32_t height) {
  assert(source.bands >= 1 && source.bands <= 4 && width > 0 && height > 0);
  constexpr std::uint32_t kStripRows = 32;  // its columns stay in the second-level cache
  HeightFilter down(source.height, source_height, height), across(source.width, source_width, width);
  Pixels target{width, height, source.bands, {}}, strip{source.width, 0, source.bands, {}}, columns, made,
      rows;
  target.data.resize(target.row_bytes() * height);
  for (std::uint32_t y = 0; y < height; y += kStripRows) {
    strip.height = std::min(kStripRows, height - y);
    strip.data.resize(strip.row_bytes() * strip.height);
    down.make(source, y, strip);
    transpose(strip, columns);
    made.width = strip.height;
    made.height = width;
    made.bands = source.bands;
    made.data.resize(made.row_bytes() * width);
    across.make(columns, 0, made);
    transpose(made, rows);
    std::memcpy(target.row(y), rows.data.data(), rows.data.size());
  }
  return target;
}

void halve_rows(const std::uint8_t* upper, const std::uint8_t* lower, std::uint32_t width,
                std::uint32_t bands, std::uint8_t* out) {
  const std::uint32_t pairs = width / 2;
  constexpr std::size_t kPairsAtOnce = 256;
  std::uint8_t means[kPairsAtOnce * 2 * 4];
  for (std::size_t from = 0; from < pairs; from += kPairsAtOnce) {
    const std::size_t count = std::min<std::size_t>(kPairsAtOnce, pairs - from), at = from * 2 * bands;
    mean_with_neighbour(upper + at, lower + at, (count * 2 - 1) * bands, bands, means);
    std::uint8_t* to = out + from * bands;
    switch (bands) {
      case 1:
        take_every_second<1>(means, count, to);
        break;
      case 2:
        take_every_second<2>(means, count, to);
        break;
      case 3:
        take_every_second<3>(means, count, to);
        break;
      default:
        take_every_second<4>(means, count, to);
        break;
    }
  }
  if (width % 2 == 0) return;
  const std::size_t last = std::size_t{width - 1} * bands;
  for (std::uint32_t band = 0; band < bands; ++band)
    out[std::size_t{pairs} * bands + band] =
        static_cast<std::uint8_t>((upper[last + band] + lower[last + band] + 1) >> 1);
}

void premultiply(std::uint8_t* pixels, std::size_t count, std::uint32_t bands) {
  for (std::size_t i = 0; i < count; ++i, pixels += bands) {
    const unsigned alpha = pixels[bands - 1];
    for (std::uint32_t band = 0; band + 1 < bands; ++band)
      pixels[band] = static_cast<std::uint8_t>((pixels[band] * alpha + 127) / 255);
  }
}

void unpremultiply(std::uint8_t* pixels, std::size_t count, std::uint32_t bands) {
  for (std::size_t i = 0; i < count; ++i, pixels += bands) {
    const unsigned alpha = pixels[bands - 1];
    for (std::uint32_t band = 0; band + 1 < bands; ++band)
      pixels[band] = static_cast<std::uint8_t>(
          alpha == 0 ? 0 : std::min(255u, (pixels[band] * 255u + alpha / 2) / alpha));
  }
}

}  // namespace medimirror
