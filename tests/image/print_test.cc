// The labelled set by which the thresholds of base/print.h were chosen: packs and photographs drawn here, changed as
// shops and services change them. The distances are printed, so that the margins can be seen.
#include "base/print.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "image/inspector.h"
#include "image/pictures.h"
#include "image/print_maker.h"
#include "image/resample.h"

namespace medimirror {
namespace {

using vips::VImage;
using Rgb = std::array<int, 3>;

// ---------------------------------------------------------------- drawing, by plain arithmetic

Pixels sheet(std::uint32_t width, std::uint32_t height, std::uint8_t level = 255) {
  return {width, height, 3, Samples(std::size_t{width} * height * 3, level)};
}

void fill(Pixels& on, int left, int top, int width, int height, Rgb colour) {
  for (int y = std::max(top, 0); y < std::min(top + height, int(on.height)); ++y)
    for (int x = std::max(left, 0); x < std::min(left + width, int(on.width)); ++x)
      for (int band = 0; band < 3; ++band)
        on.row(std::size_t(y))[x * 3 + band] = std::uint8_t(std::clamp(colour[std::size_t(band)], 0, 255));
}

// Seven rows of five dots.
const std::map<char, std::array<const char*, 7>> kFont = {
    {'0', {" ### ", "#   #", "#  ##", "# # #", "##  #", "#   #", " ### "}},
    {'1', {"  #  ", " ##  ", "  #  ", "  #  ", "  #  ", "  #  ", " ### "}},
    {'2', {" ### ", "#   #", "    #", "   # ", "  #  ", " #   ", "#####"}},
    {'3', {" ### ", "#   #", "    #", "  ## ", "    #", "#   #", " ### "}},
    {'4', {"   # ", "  ## ", " # # ", "#  # ", "#####", "   # ", "   # "}},
    {'5', {"#####", "#    ", "#### ", "    #", "    #", "#   #", " ### "}},
    {'6', {" ### ", "#    ", "#    ", "#### ", "#   #", "#   #", " ### "}},
    {'8', {" ### ", "#   #", "#   #", " ### ", "#   #", "#   #", " ### "}},
    {'a', {"     ", "     ", " ### ", "    #", " ####", "#   #", " ####"}},
    {'b', {"#    ", "#    ", "#### ", "#   #", "#   #", "#   #", "#### "}},
    {'c', {"     ", "     ", " ### ", "#    ", "#    ", "#    ", " ### "}},
    {'g', {"     ", " ####", "#   #", "#   #", " ####", "    #", " ### "}},
    {'m', {"     ", "     ", "## # ", "# # #", "# # #", "# # #", "# # #"}},
    {'o', {"     ", "     ", " ### ", "#   #", "#   #", "#   #", " ### "}},
    {'p', {"     ", "     ", "#### ", "#   #", "#### ", "#    ", "#    "}},
    {'s', {"     ", "     ", " ####", "#    ", " ### ", "    #", "#### "}},
    {'t', {" #   ", " #   ", "#### ", " #   ", " #   ", " #   ", "  ## "}},
    {' ', {"     ", "     ", "     ", "     ", "     ", "     ", "     "}},
};

void write(Pixels& on, const std::string& text, int left, int top, int height, Rgb ink) {
  const int dot = height / 7;
  for (const char c : text) {
    const auto& glyph = kFont.at(c);
    for (int row = 0; row < 7; ++row)
      for (int column = 0; column < 5; ++column)
        if (glyph[std::size_t(row)][column] == '#')
          fill(on, left + column * dot, top + row * dot, dot, dot, ink);
    left += 6 * dot;
  }
}

struct Pack {
  std::string brand = "maboca", strength = "500 mg", content = "30 tabs";
  Rgb band = {200, 40, 60}, paper = {240, 240, 236}, ink = {30, 30, 60};
  int width = 760, height = 980, band_height = 240;
  int small_print = 24;  // height of its letters
  std::string small_text = "boat cat mat so";
  bool back = false;
};

// A box on white with a soft shadow, 1500².
Pixels drawn(const Pack& pack) {
  Pixels on = sheet(1500, 1500);
  const int left = (1500 - pack.width) / 2, top = (1500 - pack.height) / 2, bottom = top + pack.height;
  for (int step = 0; step < 60; ++step) {  // darker inwards
    const int level = 254 - step * 2;
    fill(on, left - 60 + step, bottom - 40 + step / 2, pack.width + 120 - 2 * step, 100 - step,
         {level, level, level});
  }
  fill(on, left, top, pack.width, pack.height, pack.paper);
  if (pack.back) {
    fill(on, left + 100, top + 60, pack.width - 200, pack.height / 3, {90, 90, 120});
    for (int line = 0; line < 8; ++line)
      write(on, pack.small_text, left + 60, bottom - 500 + line * 50, 35, pack.ink);
    return on;
  }
  fill(on, left, top + pack.height / 3, pack.width, pack.band_height, pack.band);
  write(on, pack.brand, left + 60, top + pack.height / 3 + pack.band_height / 4, pack.band_height / 2,
        {255, 255, 255});
  write(on, pack.strength, left + 60, bottom - 330, 98, pack.ink);
  write(on, pack.content, left + 60, bottom - 170, 70, pack.ink);
  write(on, pack.small_text, left + 60, bottom - 60, pack.small_print, pack.ink);
  return on;
}

// A photograph to its edges: soft shapes of many sizes.
Pixels scene(double seed) {
  Pixels on = sheet(1500, 1100);
  for (std::uint32_t y = 0; y < on.height; ++y)
    for (std::uint32_t x = 0; x < on.width; ++x)
      for (int band = 0; band < 3; ++band) {
        double level = 128;
        for (const double size : {300.0, 90.0, 31.0})
          level += size / 10 * std::sin(x / size + seed * (band + 1)) *
                   std::cos(y / size * (1 + 0.1 * seed) + seed);
        on.row(y)[x * 3 + std::uint32_t(band)] = std::uint8_t(std::clamp(level, 0.0, 255.0));
      }
  return on;
}

// ---------------------------------------------------------------- changing

Pixels scaled(const Pixels& source, std::uint32_t longer) {
  const double scale = double(longer) / std::max(source.width, source.height);
  return resample(source, source.width, source.height, std::uint32_t(std::lround(source.width * scale)),
                  std::uint32_t(std::lround(source.height * scale)));
}

// The part of the source from (left, top) on; white beyond it.
Pixels framed(const Pixels& source, int left, int top, std::uint32_t width, std::uint32_t height) {
  Pixels out = sheet(width, height);
  for (int y = 0; y < int(height); ++y)
    for (int x = 0; x < int(width); ++x)
      if (x + left >= 0 && x + left < int(source.width) && y + top >= 0 && y + top < int(source.height))
        std::copy_n(source.row(std::size_t(y + top)) + (x + left) * 3, 3, out.row(std::size_t(y)) + x * 3);
  return out;
}
Pixels padded(const Pixels& source, std::uint32_t width, std::uint32_t height) {
  return framed(source, int(source.width / 2) - int(width / 2), int(source.height / 2) - int(height / 2),
                width, height);
}
Pixels cropped(const Pixels& source, double share) {
  const int x = int(source.width * share), y = int(source.height * share);
  return framed(source, x, y, source.width - std::uint32_t(2 * x), source.height - std::uint32_t(2 * y));
}

VImage image_of(const Pixels& pixels) {
  start_vips();
  return VImage(vips_image_new_from_memory_copy(pixels.data.data(), pixels.data.size(), int(pixels.width),
                                                int(pixels.height), int(pixels.bands), VIPS_FORMAT_UCHAR))
      .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB));
}
std::string jpeg(const Pixels& pixels, int quality = 86) {
  return pictures::encoded(image_of(pixels), ".jpg", VImage::option()->set("Q", quality));
}

Print print_of(const std::string& bytes) {
  const auto result = inspect_pixels(bytes, {});
  const auto* inspection = std::get_if<Inspection>(&result);
  EXPECT_TRUE(inspection) << std::get<Rejection>(result).detail;
  return inspection ? inspection->info.print : Print{};
}

// ---------------------------------------------------------------- the set

void expect(bool near, const std::string& name, const Print& one, const Print& other) {
  const auto a = unpack(one), b = unpack(other);
  ASSERT_TRUE(a && b) << name;
  const PrintDistance between = distance(*a, *b);
  std::printf("[ %-8s ] %-46s aspect %4.1f %%  colour %3d  light %3d  coarse %3d\n",
              near ? "same" : "differs", name.c_str(), between.aspect * 100, between.colour, between.light,
              between.coarse);
  EXPECT_EQ(is_near_duplicate(one, other), near) << name;
  EXPECT_EQ(is_near_duplicate(other, one), near) << name;
}

void expect_same_in_other_forms(const std::string& name, const Pixels& picture,
                                std::uint32_t smallest = 200) {
  const Print original = print_of(jpeg(picture, 92));
  const auto same = [&](const std::string& how, const std::string& bytes) {
    expect(true, name + ": " + how, original, print_of(bytes));
  };
  for (const std::uint32_t edge : {1200u, 900u, 450u, 300u, 200u})
    if (edge >= smallest) same(fmt::format("to {} pixels", edge), jpeg(scaled(picture, edge)));
  for (const int quality : {60, 75, 95}) same(fmt::format("quality {}", quality), jpeg(picture, quality));
  same("to 450 pixels, quality 60", jpeg(scaled(picture, 450), 60));
  same("png", pictures::encoded(image_of(picture), ".png"));
  same("webp", pictures::encoded(image_of(picture), ".webp", VImage::option()->set("Q", 75)));
  same("padded to 2000 wide", jpeg(padded(picture, 2000, picture.height)));
  same("padded to 2000 square", jpeg(padded(picture, 2000, 2000)));
  same("padded to 1800 square, then to 450", jpeg(scaled(padded(picture, 1800, 1800), 450)));
}

void expect_same_when_cropped(const std::string& name, const Pixels& picture, double share) {
  const Print original = print_of(jpeg(picture, 92));
  expect(true, fmt::format("{}: {} % off each side", name, share * 100), original,
         print_of(jpeg(cropped(picture, share))));
  expect(true, fmt::format("{}: {} % off each side, 450 pixels", name, share * 100), original,
         print_of(jpeg(scaled(cropped(picture, share), 450))));
}

TEST(PrintSet, TheSamePictureInAnotherForm) {
  Pack dark, narrow;
  dark.paper = {20, 40, 90}, dark.ink = {240, 240, 240}, dark.brand = "stampa";
  narrow.width = 420, narrow.height = 1200, narrow.band_height = 120, narrow.brand = "mogato";
  narrow.paper = {252, 252, 252};
  expect_same_in_other_forms("box", drawn({}));
  expect_same_in_other_forms("dark box", drawn(dark));
  expect_same_in_other_forms("narrow white box", drawn(narrow), 300);  // its letters are lost in 200 pixels
  expect_same_in_other_forms("box to the edges", framed(drawn({}), 370, 260, 760, 980));
  expect_same_in_other_forms("photograph", scene(1));
}

TEST(PrintSet, ACroppedBorder) {
  for (const double share : {0.02, 0.1}) expect_same_when_cropped("box", drawn({}), share);
  expect_same_when_cropped("box to the edges", framed(drawn({}), 370, 260, 760, 980), 0.005);
  expect_same_when_cropped("photograph", scene(1), 0.005);
  expect_same_when_cropped("photograph", scene(1), 0.01);
}

TEST(PrintSet, OtherPictures) {
  const Print original = print_of(jpeg(drawn({})));
  const auto differs = [&](const std::string& name, const std::function<void(Pack&)>& change) {
    Pack other;
    change(other);
    expect(false, name, original, print_of(jpeg(drawn(other))));
    expect(false, name + ", 450 pixels", original, print_of(jpeg(scaled(drawn(other), 450))));
  };
  differs("1 g for 500 mg", [](Pack& p) { p.strength = "1 g"; });
  differs("400 mg for 500 mg", [](Pack& p) { p.strength = "400 mg"; });
  differs("250 mg for 500 mg", [](Pack& p) { p.strength = "250 mg"; });
  differs("600 mg for 500 mg", [](Pack& p) { p.strength = "600 mg"; });
  differs("800 mg for 500 mg", [](Pack& p) { p.strength = "800 mg"; });
  differs("60 tabs for 30", [](Pack& p) { p.content = "60 tabs"; });
  differs("20 tabs for 30", [](Pack& p) { p.content = "20 tabs"; });
  differs("caps for tabs", [](Pack& p) { p.content = "30 caps"; });
  differs("a blue band", [](Pack& p) { p.band = {40, 90, 190}; });
  differs("an orange band", [](Pack& p) { p.band = {230, 90, 60}; });
  differs("another brand", [](Pack& p) { p.brand = "agosto"; });
  differs("a wider box", [](Pack& p) { p.width = 860; });
  differs("the back", [](Pack& p) { p.back = true; });
  expect(false, "a photograph", original, print_of(jpeg(scene(1))));
  expect(false, "two photographs", print_of(jpeg(scene(1))), print_of(jpeg(scene(2))));
}

// ---------------------------------------------------------------- the maker

// A pack that is nowhere alike: mirrored or turned it is another.
Pixels lopsided() {
  Pixels on = framed(scaled(drawn({}), 750), 100, 0, 600, 750);
  fill(on, 120, 120, 90, 60, {20, 120, 30});
  return on;
}

TEST(PrintMaker, EveryOrientationIsTurnedUpright) {
  const Pixels upright = lopsided();
  const Print expected = print_of(jpeg(upright, 95));
  // What is stored so that orientation n shows it upright: the inverse of what n does.
  const VImage image = image_of(upright);
  const VImage stored[] = {image,
                           image.flip(VIPS_DIRECTION_HORIZONTAL),
                           image.rot(VIPS_ANGLE_D180),
                           image.flip(VIPS_DIRECTION_VERTICAL),
                           image.rot(VIPS_ANGLE_D90).flip(VIPS_DIRECTION_HORIZONTAL),
                           image.rot(VIPS_ANGLE_D270),
                           image.rot(VIPS_ANGLE_D90).flip(VIPS_DIRECTION_VERTICAL),
                           image.rot(VIPS_ANGLE_D90)};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Print turned = print_of(pictures::with_orientation(stored[orientation - 1], orientation));
    EXPECT_TRUE(is_near_duplicate(expected, turned)) << orientation;
    const Print as_stored = print_of(pictures::encoded(stored[orientation - 1], ".jpg"));
    EXPECT_EQ(is_near_duplicate(expected, as_stored), orientation == 1) << orientation;
  }
}

TEST(PrintMaker, TransparencyIsSeenOnWhite) {
  const Pixels pack = drawn({});
  Pixels cut{pack.width, pack.height, 4, {}};
  for (std::size_t at = 0; at < pack.data.size(); at += 3) {
    const bool is_white = pack.data[at] == 255 && pack.data[at + 1] == 255 && pack.data[at + 2] == 255;
    for (std::size_t band = 0; band < 3; ++band) cut.data.push_back(is_white ? 7 : pack.data[at + band]);
    cut.data.push_back(is_white ? 0 : 255);
  }
  const Print expected = print_of(jpeg(pack, 92));
  EXPECT_TRUE(is_near_duplicate(expected, print_of(pictures::encoded(image_of(cut), ".png"))));
  EXPECT_TRUE(is_near_duplicate(expected, print_of(pictures::encoded(image_of(cut), ".webp"))));
}

TEST(PrintMaker, GreyIsLikeColourWithoutColour) {
  Pixels grey{400, 300, 1, {}}, colour{400, 300, 3, {}};
  for (std::size_t at = 0; at < 400 * 300; ++at) {
    const auto level = std::uint8_t(at % 400 < 200 ? at / 1000 : 255 - at % 400 / 3);
    grey.data.push_back(level);
    colour.data.insert(colour.data.end(), 3, level);
  }
  VImage image = image_of(grey).copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_B_W));
  EXPECT_TRUE(is_near_duplicate(print_of(jpeg(colour)), print_of(pictures::encoded(image, ".png"))));
}

// Of a JPEG the decoder makes the first halves itself, where no recipe needs the whole: the print then differs by what
// rounding differs.
TEST(PrintMaker, HardlyDependsOnDerivatives) {
  Recipe large, small;
  large.width = 1400, small.width = 64;
  const std::vector<Recipe> recipes{large, small};
  for (const bool exactly : {true, false}) {
    const std::string photo = exactly ? pictures::encoded(image_of(drawn({})), ".png") : jpeg(drawn({}));
    const auto with = inspect_pixels(photo, recipes);
    ASSERT_TRUE(std::holds_alternative<Inspection>(with));
    const Print& print = std::get<Inspection>(with).info.print;
    EXPECT_TRUE(exactly ? print == print_of(photo) : is_near_duplicate(print, print_of(photo)));
    for (const MadeDerivative& made : std::get<Inspection>(with).derivatives)
      EXPECT_TRUE(made.info.print.empty());
  }
}

TEST(PrintMaker, ManyShapesOfPictures) {
  for (const auto& [width, height] : {std::pair{1u, 1u}, {1u, 900u}, {2000u, 1u}, {31u, 33u}, {721u, 359u}}) {
    const auto cells = unpack(print_of(jpeg(sheet(width, height))));
    ASSERT_TRUE(cells) << width << " × " << height;
    EXPECT_TRUE(std::ranges::all_of(cells->light, [](int level) { return level >= 254; }))
        << width << " × " << height;
    EXPECT_TRUE(unpack(print_of(jpeg(sheet(width, height, 0))))) << width << " × " << height;
  }
}

TEST(Print, AnotherVersionIsLikeNone) {
  const Print print = pack(PrintCells{});
  EXPECT_TRUE(is_near_duplicate(print, print));
  EXPECT_LE(print.bytes.size(), kPrintBytesMax);
  Print newer = print, cut = print;
  newer.bytes[0] = 2;
  cut.bytes.pop_back();
  for (const Print& other : {newer, cut, Print{}}) {
    EXPECT_FALSE(unpack(other));
    EXPECT_FALSE(is_near_duplicate(print, other));
    EXPECT_FALSE(is_near_duplicate(other, other));
  }
}

}  // namespace
}  // namespace medimirror
