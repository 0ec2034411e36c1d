// Whole pictures that are not made as their formats want it: taken, with a note that says so. What touches pixels is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "image/inspector.h"
#include "image/pictures.h"
#include "image/png_parts.h"
#include "image/webp_encoder.h"

namespace medimirror {
namespace {

using namespace std::string_literals;
using pictures::deflated;
using pictures::encoded;
using pictures::packshot;
using pictures::png_of;
using pictures::png_parts;
using pictures::png_with;
using pictures::PngPart;
using testing::HasSubstr;
using testing::StartsWith;
using vips::VImage;

Inspection taken(std::string_view bytes) {
  Recipe recipe;
  recipe.name = "all";
  recipe.format = ImageFormat::png;
  auto result = inspect_pixels(bytes, std::vector<Recipe>{recipe});
  if (const auto* rejection = std::get_if<Rejection>(&result)) {
    ADD_FAILURE() << name_of(rejection->reason) << ": " << rejection->detail;
    return {};
  }
  return std::get<Inspection>(std::move(result));
}

// RejectionReason{} for what was taken
RejectionReason refusal(std::string_view bytes) {
  const auto result = inspect_pixels(bytes, {});
  const auto* rejection = std::get_if<Rejection>(&result);
  return rejection ? rejection->reason : RejectionReason{};
}

std::string plain_png() {
  return encoded(packshot(120, 80), ".png", VImage::option()->set("strip", true));
}
std::string palette_png() {
  return encoded(packshot(120, 80), ".png", VImage::option()->set("strip", true)->set("palette", true));
}

// The same pixels come out of it as of the regular one.
void expect_irregular(const std::string& bytes, const std::string& regular, const std::string& what) {
  const Inspection inspection = taken(bytes), expected = taken(regular);
  EXPECT_THAT(inspection.info.note, StartsWith("irregular: "));
  EXPECT_THAT(inspection.info.note, HasSubstr(what));
  EXPECT_EQ(inspection.info.has_alpha, expected.info.has_alpha);
  ASSERT_EQ(inspection.derivatives.size(), 1u);
  EXPECT_EQ(inspection.derivatives[0].bytes, expected.derivatives[0].bytes);
}

TEST(Irregular, AWrongChecksumThatNoPixelDependsOn) {
  const std::string png = plain_png();
  const PngPart parts[] = {{"tEXt", "Title\0shoe"s, false},
                           {"gAMA", pictures::big_endian(45455), false},
                           {"iCCP", "icc\0\0" + deflated(std::string(600, 'p')), false},
                           {"eXIf", "MM", false},
                           {"abCd", "whatever", false},
                           {"tEXt", "", false}};
  for (const PngPart& part : parts)
    for (const char* before : {"IDAT", "IEND"}) {
      SCOPED_TRACE(part.type + " before " + before);
      expect_irregular(png_with(png, part, before), png,
                       "the checksum of the PNG's chunk " + part.type + " is wrong");
    }
  std::string many = png;
  for (int i = 0; i < 50; ++i) many = png_with(many, parts[0]);
  EXPECT_LT(taken(many).info.note.size(), 100u);
}

TEST(Irregular, AWrongChecksumThatPixelsDependOnIsDamage) {
  for (const std::string& png : {plain_png(), png_with(palette_png(), {"tRNS", "\x10\x20"})}) {
    std::vector<PngPart> parts = png_parts(png);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (parts[i].type == "pHYs") continue;
      std::vector<PngPart> broken = parts;
      broken[i].is_sound = false;
      EXPECT_EQ(refusal(png_of(broken)), RejectionReason::damaged) << parts[i].type;
      broken[i].type[0] = static_cast<char>(broken[i].type[0] ^ 0x20);  // the bit that makes it look optional
      EXPECT_NE(refusal(png_of(broken)), RejectionReason{}) << broken[i].type;
    }
  }
}

TEST(Irregular, DataBehindTheEndOfAPngsPixels) {
  const std::string png = plain_png();
  std::vector<PngPart> longer = png_parts(png);
  longer[longer.size() - 2].data += "more, which nothing asks for";
  EXPECT_EQ(taken(png_of(longer)).derivatives[0].bytes, taken(png).derivatives[0].bytes);
  EXPECT_EQ(refusal(png_with(png, {"IDAT", std::string(5000, 'x')}, "IEND")), RejectionReason{});
}

TEST(Irregular, APngsTransparencyBeforeItsPalette) {
  const std::string png = palette_png();
  expect_irregular(png_with(png, {"tRNS", "\x10\x20"}, "PLTE"), png, "before its palette");
  EXPECT_TRUE(taken(png_with(png, {"tRNS", "\x10\x20"})).info.has_alpha);  // in its place it counts
  // of a picture with colours of its own the palette is no more than a suggestion
  const std::string colours = png_with(plain_png(), {"tRNS", "\0\xFF\0\xFF\0\xFF"s});
  expect_irregular(png_with(colours, {"PLTE", "abcdef"}), colours, "after its transparency");
}

std::string little_endian(std::size_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> 8 * i & 0xFF);
  return text;
}

std::string jpeg_with_profile(const std::string& profile) {
  const std::string photo = encoded(packshot(120, 80), ".jpg");
  const std::string content = "ICC_PROFILE\0\1\1"s + profile;
  return photo.substr(0, 2) + "\xFF\xE2" + pictures::big_endian(std::uint32_t(content.size() + 2)).substr(2) +
         content + photo.substr(2);
}
std::string png_with_profile(const std::string& profile) {
  return png_with(plain_png(), {"iCCP", "icc\0\0"s + deflated(profile)});
}
std::string webp_with_profile(const std::string& profile) {
  const VImage image = packshot(120, 80);
  std::size_t size = 0;
  auto* const data = static_cast<std::uint8_t*>(image.write_to_memory(&size));
  const std::string plain = encode_webp({120, 80, 3, {data, data + size}}, 80).substr(12);
  g_free(data);
  const std::string extended = "WEBPVP8X" + little_endian(10, 4) + little_endian(0x20, 4) +
                               little_endian(119, 3) + little_endian(79, 3) + "ICCP" +
                               little_endian(profile.size(), 4) + profile + plain;
  return "RIFF" + little_endian(extended.size(), 4) + extended;
}

TEST(Irregular, AProfileThatCannotBeUsed) {
  const std::string head = std::string(12, '\0') + "RGB XYZ " + std::string(12, '\0') + "acsp";
  const std::string profiles[] = {std::string(600, 'p'), "\0\0\x10\0"s + head + std::string(200, '\0'),
                                  "\0\0\1\0"s + head + std::string(200, '\x7F'), "short"};
  for (const std::string& profile : profiles)
    for (const std::string& bytes :
         {jpeg_with_profile(profile), png_with_profile(profile), webp_with_profile(profile + profile)}) {
      SCOPED_TRACE(bytes.substr(0, 4));
      EXPECT_THAT(taken(bytes).info.note, StartsWith("irregular: "));
      // whether there are recipes or not
      EXPECT_EQ(std::get<Inspection>(inspect_pixels(bytes, {})).info, taken(bytes).info);
    }
}

TEST(Irregular, AProfileThatCanBeUsedIsNot) {
  const VImage wide = packshot(120, 80).icc_transform("p3", VImage::option()->set("input_profile", "srgb"));
  for (const char* suffix : {".jpg", ".png", ".webp"})
    EXPECT_EQ(taken(encoded(wide, suffix)).info.note, "") << suffix;
  const VImage ink = packshot(120, 80).icc_transform("cmyk", VImage::option()->set("input_profile", "srgb"));
  EXPECT_EQ(taken(encoded(ink, ".jpg")).info.note, "CMYK colours");
}

TEST(Irregular, AProfileOfAJpegInPiecesThatDoNotFit) {
  const std::string photo = encoded(packshot(120, 80), ".jpg");
  expect_irregular(photo.substr(0, 2) + "\xFF\xE2\0\x12"s + "ICC_PROFILE\0\x09\x02oo"s + photo.substr(2),
                   photo, "ICC");
}

TEST(Irregular, BytesBetweenTheHeaderSegmentsOfAJpeg) {
  const std::string photo = encoded(packshot(120, 80), ".jpg");
  const std::size_t tables = photo.find("\xFF\xDB");
  expect_irregular(photo.substr(0, tables) + std::string(40, 'x') + photo.substr(tables), photo,
                   "40 stray bytes");
}

TEST(Irregular, BlocksOfUnknownKindBehindAGifsFrames) {
  for (const std::string& gif : {encoded(packshot(120, 80), ".gif"), pictures::animated(".gif", 60, 40, 3)}) {
    const std::string frames = gif.substr(0, gif.size() - 1);
    for (const std::string& unknown : {"\x99oops"s, "\0"s, std::string(700, '\x42')})
      expect_irregular(frames + unknown + ';', gif, "behind the GIF's frames");
    EXPECT_EQ(refusal(frames + "\x99oops"), RejectionReason::damaged);  // and no end
  }
}

// An unknown block in the midst of frames is what is left of them.
TEST(Irregular, AGifThatFallsApartIsDamage) {
  for (const std::string& gif : {encoded(packshot(120, 80), ".gif"), pictures::animated(".gif", 60, 40, 3)}) {
    const std::size_t frame = gif.find(std::string("\x2C\0\0\0\0", 5));
    std::size_t lost = 0;
    for (std::size_t at = frame + 10; at + 1 < gif.size(); at += 1 + gif.size() / 300) {
      const std::string broken = gif.substr(0, at) + '\0' + "\x99" + gif.substr(at);
      const auto result = inspect_header(broken);
      if (const auto* info = std::get_if<ImageInfo>(&result)) lost += info->note.starts_with("irregular");
    }
    EXPECT_EQ(lost, 0u);
  }
}

}  // namespace
}  // namespace medimirror
