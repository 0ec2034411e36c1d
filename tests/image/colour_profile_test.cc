#include "image/colour_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vips/vips8>

#include "image/inspector.h"
#include "image/pictures.h"

namespace medimirror {
namespace {

using pictures::encoded;
using pictures::packshot;
using testing::HasSubstr;
using vips::VImage;

std::string be16(unsigned value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}
std::string be32(std::uint32_t value) {
  return be16(value >> 16) + be16(value & 0xFFFF);
}
std::string fixed(double value) {
  return be32(static_cast<std::uint32_t>(static_cast<std::int32_t>(std::lround(value * 65536))));
}

using Xyz = std::array<double, 3>;
std::string xyz(const Xyz& value) {
  return "XYZ " + be32(0) + fixed(value[0]) + fixed(value[1]) + fixed(value[2]);
}

// Curves.
std::string parametric(unsigned kind, const std::vector<double>& parameters) {
  std::string curve = "para" + be32(0) + be16(kind) + be16(0);
  for (const double parameter : parameters) curve += fixed(parameter);
  return curve;
}
std::string table(std::size_t entries, double (*light)(double)) {
  std::string curve = "curv" + be32(0) + be32(static_cast<std::uint32_t>(entries));
  for (std::size_t i = 0; i < entries; ++i)
    curve += be16(static_cast<unsigned>(std::lround(65535 * light(double(i) / double(entries - 1)))));
  return curve;
}
double srgb_light(double x) {
  return x <= 0.04045 ? x / 12.92 : std::pow((x + 0.055) / 1.055, 2.4);
}
const std::string kSrgbCurve = parametric(3, {2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045});
const std::string kLine = "curv" + be32(0) + be32(0);
const std::string kGamma22 = "curv" + be32(0) + be32(1) + be16(563);

struct Primaries {
  Xyz red, green, blue;
};
const Primaries kSrgb{{0.4361, 0.2225, 0.0139}, {0.3851, 0.7169, 0.0971}, {0.1431, 0.0606, 0.7141}};
const Primaries kP3{{0.5151, 0.2412, -0.0011}, {0.2920, 0.6922, 0.0419}, {0.1571, 0.0666, 0.7841}};

struct Tag {
  std::string name, data;
};
std::string profile_of(const std::string& colours, std::vector<Tag> tags) {
  std::string directory = be32(static_cast<std::uint32_t>(tags.size())), data;
  for (Tag& tag : tags) {
    tag.data.resize((tag.data.size() + 3) / 4 * 4);
    directory += tag.name + be32(static_cast<std::uint32_t>(128 + 4 + 12 * tags.size() + data.size())) +
                 be32(static_cast<std::uint32_t>(tag.data.size()));
    data += tag.data;
  }
  const std::string rest = directory + data;
  return be32(static_cast<std::uint32_t>(128 + rest.size())) + std::string(4, '\0') + be32(0x02400000) +
         "mntr" + colours + "XYZ " + std::string(12, '\0') + "acsp" + std::string(28, '\0') + fixed(0.9642) +
         fixed(1.0) + fixed(0.8249) + std::string(48, '\0') + rest;
}
std::string rgb_profile(const std::string& name, const Primaries& primaries, const std::string& curve,
                        std::vector<Tag> more = {}) {
  more.insert(more.end(), {{"desc", "desc" + be32(0) + be32(static_cast<std::uint32_t>(name.size() + 1)) +
                                        name + std::string(80, '\0')},
                           {"wtpt", xyz({0.9642, 1.0, 0.8249})},
                           {"rXYZ", xyz(primaries.red)},
                           {"gXYZ", xyz(primaries.green)},
                           {"bXYZ", xyz(primaries.blue)},
                           {"rTRC", curve},
                           {"gTRC", curve},
                           {"bTRC", curve}});
  return profile_of("RGB ", std::move(more));
}

TEST(ColourProfile, IsSrgbByItsNumbers) {
  struct Row {
    std::string name;
    Primaries primaries;
    std::string curve;
    bool is_srgb;
  };
  const Row rows[] = {
      {"sRGB", kSrgb, kSrgbCurve, true},
      {"who calls it so?", kSrgb, kSrgbCurve, true},
      {"sRGB IEC61966-2.1", kSrgb, table(1024, srgb_light), true},
      {"sRGB", kSrgb, table(256, srgb_light), true},
      {"sRGB", kSrgb, parametric(4, {2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045, 0, 0}), true},
      {"Display P3 Gamut with sRGB Transfer", kP3, kSrgbCurve, false},
      {"GIMP built-in Linear sRGB", kSrgb, kLine, false},
      {"sRGB", kSrgb, parametric(0, {1.0}), false},
      {"sRGB with gamma 1.8", kSrgb, parametric(0, {1.8}), false},
      {"sRGB", kSrgb, kGamma22, false},
      {"sRGB", kSrgb, parametric(7, {2.4}), false},
      {"sRGB", kSrgb, parametric(1, {2.4, 0, 0}), false},  // divides by nothing
      {"sRGB", kSrgb, "mft1" + std::string(20, '\0'), false},
      {"sRGB", kSrgb, "", false},
  };
  for (const Row& row : rows)
    EXPECT_EQ(is_srgb_profile(rgb_profile(row.name, row.primaries, row.curve)), row.is_srgb) << row.name;
  EXPECT_FALSE(
      is_srgb_profile(rgb_profile("sRGB", kSrgb, kSrgbCurve, {{"A2B0", "mft2" + std::string(60, '\0')}})));
  const std::string whole = rgb_profile("sRGB", kSrgb, kSrgbCurve);
  for (std::size_t cut = 0; cut < whole.size(); ++cut) is_srgb_profile(whole.substr(0, cut));  // ends
}

TEST(ColourProfile, LibvipsOwnSrgbIsSrgbAndItsP3IsNot) {
  start_vips();
  for (const auto& [name, is_srgb] : {std::pair{"srgb", true}, {"p3", false}, {"cmyk", false}}) {
    VipsBlob* blob = nullptr;
    ASSERT_EQ(vips_profile_load(name, &blob, nullptr), 0);
    const std::string profile(static_cast<const char*>(VIPS_AREA(blob)->data), VIPS_AREA(blob)->length);
    vips_area_unref(VIPS_AREA(blob));
    EXPECT_TRUE(is_usable_profile(profile)) << name;
    EXPECT_EQ(is_srgb_profile(profile), is_srgb) << name;
  }
}

TEST(ColourProfile, FitsItsKindOfPicture) {
  const std::string rgb = profile_of("RGB ", {}), grey = profile_of("GRAY", {}),
                    cmyk = profile_of("CMYK", {});
  EXPECT_TRUE(profile_fits(rgb, false, false));
  EXPECT_TRUE(profile_fits(rgb, true, false));
  EXPECT_TRUE(profile_fits(grey, true, false));
  EXPECT_TRUE(profile_fits(cmyk, false, true));
  EXPECT_FALSE(profile_fits(grey, false, false));
  EXPECT_FALSE(profile_fits(cmyk, false, false));
  EXPECT_FALSE(profile_fits(rgb, false, true));
  EXPECT_FALSE(profile_fits("", false, false));
}

// ---------------------------------------------------------------- what becomes of pictures

std::string with_profile(VImage picture, const std::string& profile, const char* suffix) {
  picture = picture.copy();
  picture.set(VIPS_META_ICC_NAME, nullptr, const_cast<char*>(profile.data()), profile.size());
  return encoded(picture, suffix);
}

Inspection inspected(const std::string& bytes) {
  Recipe recipe;
  recipe.name = "small";
  recipe.width = recipe.height = 40;
  recipe.format = ImageFormat::png;
  auto result = inspect_pixels(bytes, std::vector<Recipe>{recipe});
  if (auto* rejection = std::get_if<Rejection>(&result)) throw std::runtime_error(rejection->detail);
  return std::get<Inspection>(std::move(result));
}

VImage of_colour(double red, double green, double blue) {
  return VImage(VImage::black(100, 100, VImage::option()->set("bands", 3)) +
                std::vector<double>{red, green, blue})
      .cast(VIPS_FORMAT_UCHAR)
      .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB));
}

// What the numbers of the profile make of a colour, in sRGB.
std::array<double, 3> converted(const Primaries& from, double (*light)(double),
                                const std::array<double, 3>& levels) {
  Xyz sum{};
  const Xyz* primaries[] = {&from.red, &from.green, &from.blue};
  for (std::size_t band = 0; band < 3; ++band)
    for (std::size_t i = 0; i < 3; ++i) sum[i] += (*primaries[band])[i] * light(levels[band] / 255);
  // XYZ of D50 to linear sRGB
  constexpr double kInverse[3][3] = {
      {3.1339, -1.6169, -0.4906}, {-0.9788, 1.9161, 0.0335}, {0.0719, -0.2290, 1.4052}};
  std::array<double, 3> result{};
  for (std::size_t i = 0; i < 3; ++i) {
    const double linear = kInverse[i][0] * sum[0] + kInverse[i][1] * sum[1] + kInverse[i][2] * sum[2];
    result[i] = 255 * (linear <= 0.0031308 ? 12.92 * linear : 1.055 * std::pow(linear, 1 / 2.4) - 0.055);
  }
  return result;
}

TEST(ColourProfile, WideAndLinearPicturesAreConvertedWhateverTheirProfileIsCalled) {
  const std::array<double, 3> levels{180, 90, 60};
  struct Row {
    std::string profile;
    std::array<double, 3> wanted;
  };
  const Row rows[] = {
      {rgb_profile("Display P3 Gamut with sRGB Transfer", kP3, kSrgbCurve),
       converted(kP3, srgb_light, levels)},
      {rgb_profile("GIMP built-in Linear sRGB", kSrgb, kLine),
       converted(
           kSrgb, [](double x) { return x; }, levels)},
      {rgb_profile("sRGB", kSrgb, kSrgbCurve), levels},
  };
  for (const Row& row : rows)
    for (const char* suffix : {".png", ".jpg[Q=100]", ".webp[lossless]"}) {
      const Inspection inspection =
          inspected(with_profile(of_colour(levels[0], levels[1], levels[2]), row.profile, suffix));
      EXPECT_EQ(inspection.info.note, "");
      const std::vector<double> pixel = pictures::decoded(inspection.derivatives[0].bytes).getpoint(20, 20);
      for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(pixel[i], row.wanted[i], 3) << suffix << " band " << i;
    }
}

// Tables of two points a side, which show red as green and green as red.
std::string swapping_tables() {
  std::string lut = "mft1" + be32(0) + std::string("\x03\x03\x02\x00", 4);
  for (int i = 0; i < 9; ++i) lut += fixed(i % 4 == 0 ? 1 : 0);
  std::string line;
  for (int i = 0; i < 256; ++i) line += static_cast<char>(i);
  lut += line + line + line;
  const auto lab = [](double l, double a, double b) {
    return std::string{static_cast<char>(std::lround(l * 2.55)), static_cast<char>(std::lround(a + 128)),
                       static_cast<char>(std::lround(b + 128))};
  };
  const std::string red = lab(54.3, 80.8, 69.9), green = lab(87.8, -79.3, 81.0),
                    blue = lab(29.6, 68.3, -112.0), white = lab(100, 0, 0), black = lab(0, 0, 0);
  // the last channel changes first: 000 001 010 011 100 …
  lut += black + blue + red + white + green + white + white + white;
  return lut + line + line + line;
}

TEST(ColourProfile, OneOfTablesForOneIntentAloneIsObeyed) {
  std::string profile =
      profile_of("RGB ", {{"desc", "desc" + be32(0) + be32(5) + "swap" + std::string(81, '\0')},
                          {"wtpt", xyz({0.9642, 1.0, 0.8249})},
                          {"A2B0", swapping_tables()}});
  profile.replace(20, 4, "Lab ");
  EXPECT_TRUE(is_perceptual_alone(profile));
  const Inspection inspection = inspected(with_profile(of_colour(255, 0, 0), profile, ".png"));
  const std::vector<double> pixel = pictures::decoded(inspection.derivatives[0].bytes).getpoint(20, 20);
  EXPECT_NEAR(pixel[0], 0, 40);
  EXPECT_NEAR(pixel[1], 255, 10);
  EXPECT_FALSE(is_perceptual_alone(rgb_profile("sRGB", kSrgb, kSrgbCurve, {{"A2B0", swapping_tables()}})));
}

// Put in by hand: libvips 8.16 writes no profile that does not fit.
std::string jpeg_with(const std::string& jpeg, const std::string& profile) {
  const std::string segment = std::string("ICC_PROFILE\0\x01\x01", 14) + profile;
  return jpeg.substr(0, 2) + "\xFF\xE2" + be16(static_cast<unsigned>(segment.size() + 2)) + segment +
         jpeg.substr(2);
}

TEST(ColourProfile, OneOfAnotherKindThanThePictureIsIgnoredWithANote) {
  const std::string profile = profile_of("GRAY", {{"wtpt", xyz({0.9642, 1.0, 0.8249})}, {"kTRC", kGamma22}});
  const Inspection inspection = inspected(jpeg_with(encoded(of_colour(180, 90, 60), ".jpg[Q=100]"), profile));
  EXPECT_THAT(inspection.info.note, HasSubstr("irregular: the colour profile is of another kind"));
  const std::vector<double> pixel = pictures::decoded(inspection.derivatives[0].bytes).getpoint(20, 20);
  EXPECT_NEAR(pixel[0], 180, 3);
  EXPECT_NEAR(pixel[1], 90, 3);
  EXPECT_NEAR(pixel[2], 60, 3);
}

}  // namespace
}  // namespace medimirror
