#include "image/jpeg_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "image/pictures.h"

namespace medimirror {
namespace {

using testing::HasSubstr;

Pixels ramp(std::uint32_t width, std::uint32_t height, std::uint32_t bands) {
  Pixels pixels{width, height, bands, {}};
  pixels.data.resize(pixels.row_bytes() * height);
  for (std::uint32_t y = 0; y < height; ++y)
    for (std::size_t i = 0; i < pixels.row_bytes(); ++i)
      pixels.row(y)[i] = static_cast<std::uint8_t>(255 * i / pixels.row_bytes());
  return pixels;
}

// Of the first component, width by height of its samples in a block of the picture.
int sampling_of(const std::string& jpeg) {
  const auto frame = jpeg.find("\xFF\xC0");
  return frame == std::string::npos ? 0 : static_cast<unsigned char>(jpeg[frame + 11]);
}

TEST(JpegEncoder, WritesGreyAndColour) {
  for (const std::uint32_t bands : {1u, 3u}) {
    const Pixels pixels = ramp(64, 32, bands);
    const vips::VImage image = pictures::decoded(encode_jpeg(pixels, 90));
    ASSERT_EQ(image.width(), 64);
    ASSERT_EQ(image.height(), 32);
    ASSERT_EQ(image.bands(), static_cast<int>(bands));
    std::size_t size = 0;
    auto* const read = static_cast<std::uint8_t*>(image.write_to_memory(&size));
    ASSERT_EQ(size, pixels.data.size());
    for (std::size_t i = 0; i < size; ++i) ASSERT_NEAR(read[i], pixels.data[i], 12) << i;
    g_free(read);
  }
}

TEST(JpegEncoder, KeepsAllColoursFromQuality90) {
  EXPECT_EQ(sampling_of(encode_jpeg(ramp(32, 32, 3), 89)), 0x22);
  EXPECT_EQ(sampling_of(encode_jpeg(ramp(32, 32, 3), 90)), 0x11);
}

TEST(JpegEncoder, HoldsTheQualityItIsTold) {
  EXPECT_LT(2 * encode_jpeg(ramp(300, 300, 3), 10).size(), encode_jpeg(ramp(300, 300, 3), 95).size());
}

TEST(JpegEncoder, SaysWhyItCannot) {
  try {
    encode_jpeg(ramp(65'501, 1, 1), 80);
    FAIL() << "it wrote a side that JPEG does not have";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("65500"));
  }
}

}  // namespace
}  // namespace medimirror
