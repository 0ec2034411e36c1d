// What the decoder notices of damaged JPEGs, at every scale in use: no scale may notice less than full size, and what remains
// unnoticed is stated. The photos have real noise in them, or every damage would stand out.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "image/decoded_picture.h"
#include "image/inspector.h"
#include "image/pictures.h"

namespace medimirror {
namespace {

using namespace std::string_view_literals;
using pictures::encoded;
using vips::VImage;

// Long enough that an eighth of it still shows what the print needs, low enough to be quick.
constexpr int kWidth = 2880, kHeight = 160;

// Noise in all frequencies over a packshot, as a camera adds it.
VImage noisy_packshot(int bands) {
  std::uint32_t state = 99;
  const VImage picture = pictures::packshot(kWidth, kHeight, bands);
  std::vector<std::uint8_t> noise(std::size_t{kWidth} * kHeight * static_cast<std::size_t>(bands));
  for (std::uint8_t& value : noise) {
    state = state * 1664525 + 1013904223;
    value = static_cast<std::uint8_t>(state >> 28);
  }
  const VImage grain(
      vips_image_new_from_memory_copy(noise.data(), noise.size(), kWidth, kHeight, bands, VIPS_FORMAT_UCHAR));
  return (picture * 0.93 + grain)
      .cast(VIPS_FORMAT_UCHAR)
      .copy(VImage::option()->set("interpretation",
                                  bands == 1 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB));
}

struct Kind {
  const char* name;
  std::string bytes;
};
const std::vector<Kind>& kinds() {
  const auto options = [] { return VImage::option()->set("Q", 95)->set("strip", true); };
  static const std::vector<Kind> all = {
      {"baseline 4:2:0", encoded(noisy_packshot(3), ".jpg", options())},
      {"baseline 4:4:4",
       encoded(noisy_packshot(3), ".jpg", options()->set("subsample_mode", VIPS_FOREIGN_SUBSAMPLE_OFF))},
      {"progressive", encoded(noisy_packshot(3), ".jpg", options()->set("interlace", true))},
      {"restart markers", encoded(noisy_packshot(3), ".jpg", options()->set("restart_interval", 10))},
      {"grey", encoded(noisy_packshot(1), ".jpg", options())},
      {"CMYK", encoded(noisy_packshot(3).colourspace(VIPS_INTERPRETATION_CMYK), ".jpg", options())},
  };
  return all;
}

// Recipes by which such a picture is decoded at full size, a half, a quarter and an eighth.
std::vector<Recipe> wide(std::uint32_t width) {
  Recipe recipe;
  recipe.name = "wide";
  recipe.width = width;
  return {recipe};
}
const std::array<std::vector<Recipe>, 4> kScales{wide(1900), wide(900), wide(450), {}};

TEST(JpegDamage, TheScalesAreThoseMeant) {
  DecodedPicture picture;
  picture.width = kWidth;
  picture.height = kHeight;
  for (unsigned scale = 0; scale < kScales.size(); ++scale)
    EXPECT_EQ(*levels_used(picture, kScales[scale]).begin(), scale);
}

struct Damage {
  const char* name;
  std::function<std::string(std::string, std::size_t at)> apply;
};
const std::vector<Damage>& damages() {
  static const std::vector<Damage> all = {
      {"cut short", [](std::string bytes, std::size_t at) { return bytes.substr(0, at) + "\xFF\xD9"; }},
      {"one bit flipped",
       [](std::string bytes, std::size_t at) {
         bytes[at] = static_cast<char>(bytes[at] ^ (1 << at % 8));
         return bytes;
       }},
      {"eight bits flipped",
       [](std::string bytes, std::size_t at) {
         for (std::size_t i = 0; i < 8; ++i)
           bytes[at + 37 * i] = static_cast<char>(bytes[at + 37 * i] ^ (1 << i));
         return bytes;
       }},
      {"4 KB zeroed", [](std::string bytes, std::size_t at) { return bytes.replace(at, 4096, 4096, '\0'); }},
      {"16 bytes of noise",
       [](std::string bytes, std::size_t at) {
         return bytes.replace(at, 16, "\x91\x3c\x55\xe0\x07\xa2\x6b\xd8\x19\xf1\x4e\x83\x2a\xb5\x70\xcd");
       }},
      {"one byte lost", [](std::string bytes, std::size_t at) { return bytes.erase(at, 1); }},
      {"4 KB twice",
       [](std::string bytes, std::size_t at) { return bytes.insert(at, bytes.substr(at, 4096)); }},
      {"HTML inside",
       [](std::string bytes, std::size_t at) {
         return bytes.replace(at, 40, "<html><body>502 Bad Gateway</body></html>", 40);
       }},
      {"blocks swapped",
       [](std::string bytes, std::size_t at) {
         const std::string first = bytes.substr(at, 2048), second = bytes.substr(at + 4096, 2048);
         return bytes.replace(at, 2048, second).replace(at + 4096, 2048, first);
       }},
  };
  return all;
}

bool refused(std::string_view bytes, const std::vector<Recipe>& recipes) {
  return std::holds_alternative<Rejection>(inspect_pixels(bytes, {recipes, 0}));
}

TEST(JpegDamage, NoScaleNoticesLessThanFullSize) {
  constexpr std::size_t kPlaces = 4;
  for (const Damage& damage : damages()) {
    std::size_t count = 0;
    std::array<std::size_t, kScales.size()> noticed{};
    for (const Kind& kind : kinds()) {
      const std::size_t from = kind.bytes.find("\xFF\xDA"sv) + 14, to = kind.bytes.size() - 8192;
      for (std::size_t place = 0; place < kPlaces; ++place, ++count) {
        const std::string bytes =
            damage.apply(kind.bytes, from + (to - from) * (2 * place + 1) / (2 * kPlaces));
        for (std::size_t scale = 0; scale < kScales.size(); ++scale)
          noticed[scale] += refused(bytes, kScales[scale]);
      }
    }
    std::printf("[ damage   ] %-18s of %zu noticed at 1: %zu, 1/2: %zu, 1/4: %zu, 1/8: %zu\n", damage.name,
                count, noticed[0], noticed[1], noticed[2], noticed[3]);
    for (const std::size_t scaled : noticed) EXPECT_EQ(scaled, noticed[0]) << damage.name;
  }
}

TEST(JpegDamage, EveryUndamagedOneIsTakenAtEveryScale) {
  for (const Kind& kind : kinds())
    for (const std::vector<Recipe>& recipes : kScales)
      EXPECT_FALSE(refused(kind.bytes, recipes)) << kind.name;
}

// What is left over behind the last row is seen by whoever reads on to the end marker alone.
TEST(JpegDamage, DataBehindTheLastRowIsNoticed) {
  const std::string& photo = kinds()[0].bytes;
  const std::size_t end = photo.size() - 2;
  EXPECT_FALSE(refused(photo.substr(0, end) + "xy" + photo.substr(end), {}));  // as some encoders leave
  const std::string more = photo.substr(end - 700, 600);
  EXPECT_TRUE(refused(photo.substr(0, end) + more + photo.substr(end), {}));
}

}  // namespace
}  // namespace medimirror
