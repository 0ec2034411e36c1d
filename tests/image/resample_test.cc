#include "image/resample.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <vips/vips8>

#include "image/pictures.h"
#include "image/pyramid.h"

namespace medimirror {
namespace {

Pixels filled(std::uint32_t width, std::uint32_t height, std::uint32_t bands, int value) {
  Pixels pixels{width, height, bands, {}};
  pixels.data.assign(pixels.row_bytes() * height, static_cast<std::uint8_t>(value));
  return pixels;
}

TEST(Resample, AFlatPictureStaysExactlyFlat) {
  for (const std::uint32_t bands : {1u, 2u, 3u, 4u})
    for (const std::uint32_t width : {1u, 2u, 7u, 64u, 301u})
      for (const std::uint32_t target : {1u, 2u, 5u, 63u, 400u})
        for (const int value : {0, 1, 127, 254, 255}) {
          if (width > 8 * target) continue;
          const Pixels made = resample(filled(width, width, bands, value), width, width, target, target);
          ASSERT_EQ(made.width, target);
          ASSERT_EQ(made.data, filled(target, target, bands, value).data) << width << " to " << target;
        }
}

TEST(Resample, TheSameSizeIsTheSamePicture) {
  Pixels pixels = filled(50, 40, 3, 0);
  for (std::size_t i = 0; i < pixels.data.size(); ++i) pixels.data[i] = static_cast<std::uint8_t>(i * 37);
  EXPECT_EQ(resample(pixels, 50, 40, 50, 40).data, pixels.data);
}

TEST(Resample, BandsDoNotMix) {
  Pixels pixels = filled(60, 60, 3, 0);
  for (std::size_t i = 0; i < pixels.data.size(); i += 3) pixels.data[i] = 255;
  const Pixels made = resample(pixels, 60, 60, 17, 17);
  for (std::size_t i = 0; i < made.data.size(); ++i) ASSERT_EQ(made.data[i], i % 3 == 0 ? 255 : 0);
}

TEST(Resample, KeepsPlaces) {
  Pixels pixels = filled(200, 100, 1, 0);
  for (std::uint32_t y = 0; y < 100; ++y)
    for (std::uint32_t x = 150; x < 200; ++x) pixels.row(y)[x] = 255;
  const Pixels made = resample(pixels, 200, 100, 40, 20);
  for (std::uint32_t y = 0; y < 20; ++y) {
    EXPECT_LT(made.row(y)[28], 20);
    EXPECT_GT(made.row(y)[31], 235);
  }
}

TEST(HalveRows, IsTheMean) {
  const std::uint8_t upper[] = {0, 10, 20, 30, 40}, lower[] = {2, 12, 22, 32, 43};
  std::uint8_t out[3];
  halve_rows(upper, lower, 5, 1, out);
  EXPECT_EQ(out[0], 6);
  EXPECT_EQ(out[1], 26);
  EXPECT_EQ(out[2], 42);
}

TEST(Premultiply, ComesBackWithinHalfALevelOfWhatIsSeen) {
  for (unsigned alpha = 0; alpha <= 255; ++alpha)
    for (unsigned value = 0; value <= 255; ++value) {
      std::uint8_t pixel[] = {static_cast<std::uint8_t>(value), static_cast<std::uint8_t>(alpha)};
      premultiply(pixel, 1, 2);
      unpremultiply(pixel, 1, 2);
      ASSERT_LE(std::abs(double(pixel[0]) - value) * alpha / 255, 1.0);
    }
}

TEST(Pyramid, LevelLeavesTheLastPartToTheGoodFilter) {
  struct {
    double shrink;
    unsigned level;
  } const rows[] = {{0.5, 0}, {1, 0}, {2.9, 0}, {3, 1}, {3.33, 1}, {5.9, 1}, {6, 2}, {7.5, 2}, {12, 3}};
  for (const auto& row : rows) EXPECT_EQ(Pyramid::level_for(row.shrink), row.level) << row.shrink;
}

TEST(Pyramid, KeepsOnlyWhatIsAskedForAndOddSizesExactly) {
  Pyramid pyramid({101, 51, 1, false}, {0, 2});
  for (int y = 0; y < 51; ++y) {
    const std::vector<std::uint8_t> row(101, static_cast<std::uint8_t>(y * 5));
    pyramid.add_row(row.data());
  }
  EXPECT_EQ(pyramid.level(0).pixels.data.size(), 101u * 51);
  EXPECT_TRUE(pyramid.level(1).pixels.data.empty());
  EXPECT_EQ(pyramid.level(2).pixels.width, 26u);
  EXPECT_EQ(pyramid.level(2).pixels.height, 13u);
  EXPECT_DOUBLE_EQ(pyramid.level(2).width, 25.25);
  EXPECT_EQ(pyramid.level(2).pixels.row(0)[25], 8);    // the mean of 0, 5, 10 and 15
  EXPECT_EQ(pyramid.level(2).pixels.row(12)[0], 247);  // of 243, the mean of 240 and 245, and the lone 250
}

TEST(Pyramid, GoesOnFromALevelThatTheDecoderMade) {
  Pyramid pyramid({101, 51, 1, false}, {1, 2}, 1);
  for (int y = 0; y < 26; ++y) {
    const std::vector<std::uint8_t> row(51, static_cast<std::uint8_t>(y * 5));
    pyramid.add_row(row.data());
  }
  EXPECT_EQ(pyramid.level(1).pixels.row(25)[50], 125);
  EXPECT_DOUBLE_EQ(pyramid.level(1).width, 50.5);
  EXPECT_EQ(pyramid.level(2).pixels.width, 26u);
  EXPECT_EQ(pyramid.level(2).pixels.row(0)[25], 3);  // the mean of 0 and 5
}

}  // namespace
}  // namespace medimirror
