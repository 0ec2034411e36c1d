// How alike two pictures of one size are: the structural similarity of their luminance (Wang, Bovik, Sheikh, Simoncelli,
// "Image quality assessment", IEEE Transactions on Image Processing 13(4), 2004), a Gaussian window of 1.5, averaged.
//   ssim LIST   each line of the file: one picture, a tab, the other
// Prints one line of JSON: pairs, mean, lowest. scripts/bench.sh compares derivatives with those of vipsthumbnail by it.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vips/vips8>

namespace {

using vips::VImage;

VImage luminance(const std::string& file) {
  return VImage::new_from_file(file.c_str())
      .colourspace(VIPS_INTERPRETATION_B_W)
      .extract_band(0)
      .cast(VIPS_FORMAT_FLOAT)
      .copy_memory();
}

VImage window(const VImage& image) {
  return image.gaussblur(1.5,
                         VImage::option()->set("precision", VIPS_PRECISION_FLOAT)->set("min_ampl", 0.01));
}

double similarity(const std::string& one, const std::string& other) {
  const VImage a = luminance(one), b = luminance(other);
  if (a.width() != b.width() || a.height() != b.height())
    throw vips::VError(fmt::format("{} and {} are of different sizes", one, other));
  constexpr double kC1 = 0.01 * 255 * 0.01 * 255, kC2 = 0.03 * 255 * 0.03 * 255;
  const VImage mean_a = window(a), mean_b = window(b);
  const VImage means = mean_a * mean_b, squares = mean_a * mean_a + mean_b * mean_b;
  const VImage variances = window(a * a) + window(b * b) - squares;
  const VImage covariance = window(a * b) - means;
  return (((means * 2 + kC1) * (covariance * 2 + kC2)) / ((squares + kC1) * (variances + kC2))).avg();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || VIPS_INIT(argv[0]) != 0) {
    fmt::print(stderr, "usage: ssim LIST\n");
    return 2;
  }
  std::ifstream list(argv[1]);
  double sum = 0, lowest = 1;
  int pairs = 0;
  try {
    for (std::string line; std::getline(list, line); ++pairs) {
      const std::size_t tab = line.find('\t');
      if (tab == std::string::npos) throw vips::VError("a line without a tab: " + line);
      const double alike = similarity(line.substr(0, tab), line.substr(tab + 1));
      sum += alike;
      lowest = std::min(lowest, alike);
    }
  } catch (const vips::VError& error) {
    fmt::print(stderr, "ssim: {}\n", error.what());
    return 1;
  }
  if (pairs == 0) {
    fmt::print(stderr, "ssim: {} names no pictures\n", argv[1]);
    return 1;
  }
  fmt::print("{{\"pairs\": {}, \"mean\": {:.4f}, \"lowest\": {:.4f}}}\n", pairs, sum / pairs, lowest);
  return 0;
}
