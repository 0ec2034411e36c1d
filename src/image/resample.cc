#include "image/resample.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

// One body, compiled for several vector units and chosen when the program starts. Not under a sanitizer,
// whose runtime is not up yet when the choice is made.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define MEDIMIRROR_VECTOR_CODE __attribute__((target_clones("avx2", "default"), optimize("O3")))
#else
#define MEDIMIRROR_VECTOR_CODE
#endif

namespace medimirror {

namespace {

constexpr int kWeightBits = 14;
constexpr int kHalf = 1 << (kWeightBits - 1);

double lanczos3(double x) {
  if (x == 0) return 1;
  if (std::abs(x) >= 3) return 0;
  const double angle = std::numbers::pi * x;
  return 3 * std::sin(angle) * std::sin(angle / 3) / (angle * angle);
}

// For each target position: where its taps start in the source, and their weights, which add up to 1 exactly.
struct Filter {
  std::uint32_t taps = 0;
  std::vector<std::uint32_t> starts;
  std::vector<std::int16_t> weights;  // `taps` of them for each position

  const std::int16_t* weights_of(std::size_t position) const { return weights.data() + position * taps; }
};

Filter make_filter(std::uint32_t source_pixels, double source_length, std::uint32_t target_pixels) {
  const double scale = source_length / target_pixels;
  const double stretch = std::max(1.0, scale);
  const double radius = 3 * stretch;
  Filter filter;
  filter.taps = std::min(source_pixels, static_cast<std::uint32_t>(std::ceil(2 * radius)) + 1);
  filter.weights.resize(std::size_t{target_pixels} * filter.taps);
  std::vector<double> exact(filter.taps);
  for (std::uint32_t i = 0; i < target_pixels; ++i) {
    const double centre = (i + 0.5) * scale - 0.5;
    const auto first = static_cast<std::int64_t>(std::floor(centre - radius)) + 1;
    const auto last_start = static_cast<std::int64_t>(source_pixels - filter.taps);
    const std::int64_t start = std::clamp<std::int64_t>(first, 0, last_start);
    std::fill(exact.begin(), exact.end(), 0.0);
    double sum = 0;
    // A tap outside the picture falls on its edge pixel.
    for (std::int64_t at = first; at <= static_cast<std::int64_t>(std::floor(centre + radius)); ++at) {
      const double weight = lanczos3((static_cast<double>(at) - centre) / stretch);
      const std::int64_t tap = std::clamp<std::int64_t>(at - start, 0, std::int64_t{filter.taps} - 1);
      exact[static_cast<std::size_t>(tap)] += weight;
      sum += weight;
    }
    std::int16_t* weights = filter.weights.data() + std::size_t{i} * filter.taps;
    int left = 1 << kWeightBits;
    std::size_t largest = 0;
    for (std::size_t tap = 0; tap < filter.taps; ++tap) {
      weights[tap] = static_cast<std::int16_t>(std::lround(exact[tap] / sum * (1 << kWeightBits)));
      left -= weights[tap];
      if (weights[tap] > weights[largest]) largest = tap;
    }
    weights[largest] = static_cast<std::int16_t>(weights[largest] + left);  // a flat area stays exactly flat
    filter.starts.push_back(static_cast<std::uint32_t>(start));
  }
  return filter;
}

// out[i] = the weighted sum of `taps` rows, each `stride` bytes after the one before.
MEDIMIRROR_VECTOR_CODE
void filter_rows(const std::uint8_t* rows, std::size_t stride, const std::int16_t* weights,
                 std::uint32_t taps, std::size_t count, std::uint8_t* out) {
  constexpr std::size_t kBlock = 256;  // the sums stay in the first-level cache
  std::int32_t sums[kBlock];
  for (std::size_t from = 0; from < count; from += kBlock) {
    const std::size_t length = std::min(kBlock, count - from);
    for (std::size_t i = 0; i < length; ++i) sums[i] = kHalf;
    for (std::uint32_t tap = 0; tap < taps; ++tap) {
      const std::int16_t weight = weights[tap];
      const std::uint8_t* row = rows + tap * stride + from;
      for (std::size_t i = 0; i < length; ++i)
        sums[i] += static_cast<std::int16_t>(row[i]) * static_cast<std::int32_t>(weight);
    }
    for (std::size_t i = 0; i < length; ++i)
      out[from + i] = static_cast<std::uint8_t>(std::clamp(sums[i] >> kWeightBits, 0, 255));
  }
}

// Rows become columns, pixel by pixel, so that the horizontal filter is the vertical one.
template <std::uint32_t kBands>
void transpose_bands(const Pixels& source, Pixels& target) {
  constexpr std::uint32_t kTile = 16;
  for (std::uint32_t y0 = 0; y0 < source.height; y0 += kTile)
    for (std::uint32_t x0 = 0; x0 < source.width; x0 += kTile)
      for (std::uint32_t x = x0; x < std::min(source.width, x0 + kTile); ++x) {
        std::uint8_t* to = target.row(x) + std::size_t{y0} * kBands;
        for (std::uint32_t y = y0; y < std::min(source.height, y0 + kTile); ++y, to += kBands) {
          const std::uint8_t* from = source.row(y) + std::size_t{x} * kBands;
          for (std::uint32_t band = 0; band < kBands; ++band) to[band] = from[band];
        }
      }
}

Pixels transpose(const Pixels& source) {
  Pixels target{source.height, source.width, source.bands, {}};
  target.data.resize(source.data.size());
  switch (source.bands) {
    case 1:
      transpose_bands<1>(source, target);
      break;
    case 2:
      transpose_bands<2>(source, target);
      break;
    case 3:
      transpose_bands<3>(source, target);
      break;
    default:
      transpose_bands<4>(source, target);
      break;
  }
  return target;
}

Pixels resample_height(const Pixels& source, double source_height, std::uint32_t height) {
  Pixels target{source.width, height, source.bands, {}};
  target.data.resize(target.row_bytes() * height);
  const Filter filter = make_filter(source.height, source_height, height);
  for (std::uint32_t y = 0; y < height; ++y)
    filter_rows(source.row(filter.starts[y]), source.row_bytes(), filter.weights_of(y), filter.taps,
                source.row_bytes(), target.row(y));
  return target;
}

// The sums of two rows, then of neighbours.
template <std::uint32_t kBands>
void halve_bands(const std::uint8_t* upper, const std::uint8_t* lower, std::uint32_t pairs,
                 std::uint8_t* out) {
  for (std::uint32_t x = 0; x < pairs; ++x) {
    for (std::uint32_t band = 0; band < kBands; ++band) {
      const std::size_t left = std::size_t{x} * 2 * kBands + band, right = left + kBands;
      out[std::size_t{x} * kBands + band] =
          static_cast<std::uint8_t>((upper[left] + upper[right] + lower[left] + lower[right] + 2) >> 2);
    }
  }
}

}  // namespace

Pixels resample(const Pixels& source, double source_width, double source_height, std::uint32_t width,
                std::uint32_t height) {
  assert(source.bands >= 1 && source.bands <= 4 && width > 0 && height > 0);
  const Pixels low = resample_height(source, source_height, height);
  return transpose(resample_height(transpose(low), source_width, width));
}

void halve_rows(const std::uint8_t* upper, const std::uint8_t* lower, std::uint32_t width,
                std::uint32_t bands, std::uint8_t* out) {
  const std::uint32_t pairs = width / 2;
  switch (bands) {
    case 1:
      halve_bands<1>(upper, lower, pairs, out);
      break;
    case 2:
      halve_bands<2>(upper, lower, pairs, out);
      break;
    case 3:
      halve_bands<3>(upper, lower, pairs, out);
      break;
    default:
      halve_bands<4>(upper, lower, pairs, out);
      break;
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
