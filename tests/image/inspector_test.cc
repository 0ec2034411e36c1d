// Whole pictures and broken ones, decoded in this process.
#include "image/inspector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "image/pictures.h"
#include "image/png_parts.h"

namespace medimirror {
namespace {

using namespace std::string_view_literals;
using namespace std::string_literals;
using pictures::encoded;
using pictures::packshot;
using vips::VImage;

ImageInfo accepted(std::string_view bytes) {
  const auto result = inspect_pixels(bytes, {});
  if (const auto* rejection = std::get_if<Rejection>(&result)) {
    ADD_FAILURE() << name_of(rejection->reason) << ": " << rejection->detail;
    return {};
  }
  return std::get<Inspection>(result).info;
}

RejectionReason refusal(std::string_view bytes) {
  const auto result = inspect_pixels(bytes, {});
  const auto* rejection = std::get_if<Rejection>(&result);
  return rejection ? rejection->reason : RejectionReason{};
}

struct Kind {
  std::string name, bytes;
};
std::vector<Kind> kinds() {
  const VImage deep = packshot(150, 100).cast(VIPS_FORMAT_USHORT, VImage::option()->set("shift", true));
  return {
      {"jpeg", encoded(packshot(150, 100), ".jpg")},
      {"jpeg progressive", encoded(packshot(150, 100), ".jpg", VImage::option()->set("interlace", true))},
      {"jpeg cmyk", encoded(packshot(150, 100).colourspace(VIPS_INTERPRETATION_CMYK), ".jpg")},
      {"jpeg grey", encoded(packshot(150, 100, 1), ".jpg")},
      {"png", encoded(packshot(150, 100), ".png")},
      {"png interlaced", encoded(packshot(150, 100), ".png", VImage::option()->set("interlace", true))},
      {"png 16 bits",
       encoded(deep.copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_RGB16)), ".png")},
      {"png palette", encoded(packshot(150, 100), ".png", VImage::option()->set("palette", true))},
      {"png alpha", encoded(packshot(150, 100, 4), ".png")},
      {"webp", encoded(packshot(150, 100), ".webp")},
      {"webp alpha", encoded(packshot(150, 100, 4), ".webp")},
      {"webp animated", pictures::animated(".webp", 150, 100, 3)},
      {"gif", encoded(packshot(150, 100), ".gif")},
      {"gif animated", pictures::animated(".gif", 150, 100, 3)},
      {"avif", encoded(packshot(150, 100), ".avif")},
      {"avif alpha", encoded(packshot(150, 100, 4), ".avif")},
  };
}

TEST(Inspector, AcceptsEveryKindOfPicture) {
  for (const Kind& kind : kinds()) {
    SCOPED_TRACE(kind.name);
    const ImageInfo info = accepted(kind.bytes);
    EXPECT_EQ(info.width, 150u);
    EXPECT_EQ(info.height, 100u);
    EXPECT_EQ(info.pages, kind.name.ends_with("animated") ? 3u : 1u);
    EXPECT_EQ(info.note, kind.name == "jpeg cmyk" ? "CMYK colours" : "");
  }
}

// Three frames, many times over.
std::string long_film(int width, int height, std::uint32_t times) {
  const std::string gif = pictures::animated(".gif", width, height, 3);
  const std::size_t frames = gif.find("\x21\xF9\x04"sv);
  std::string film = gif.substr(0, frames);
  for (std::uint32_t i = 0; i < times; ++i) film += gif.substr(frames, gif.size() - 1 - frames);
  return film + ';';
}

// Where the decoder stops before the last frame, the note says so.
TEST(Inspector, TellsOfFramesThatWereNotLookedAt) {
  const std::string film = long_film(8, 8, 10'000);
  const auto height = static_cast<std::uint32_t>(pictures::all_frames(film).height());
  const ImageInfo info = accepted(film);
  EXPECT_EQ(info.pages, 30'000u);
  EXPECT_THAT(info.note, testing::StartsWith(height == 8 * info.pages
                                                 ? ""
                                                 : "the decoder looks at the first " +
                                                       std::to_string(height / 8) + " of 30000 frames"));
}

// Product spins are films of many small frames: what they cost is pixels.
TEST(Inspector, TakesThousandsOfSmallFrames) {
  constexpr std::uint32_t kTimes = 1000;
  const std::string film = long_film(30, 20, kTimes);
  EXPECT_EQ(accepted(film).pages, 3 * kTimes);
  EXPECT_EQ(accepted(film).note, "");
  const auto result = inspect_pixels(film, {}, {.pixels_max = 30 * 20 * 3 * kTimes - 1});
  EXPECT_EQ(std::get<Rejection>(result).reason, RejectionReason::too_large);
}

// Only its first frame is looked at, so the number of frames does not matter, be it true or not.
TEST(Inspector, TakesAnAnimatedPngWhateverCountItStates) {
  const std::string png = encoded(packshot(150, 100), ".png");
  for (const std::uint32_t frames : {0u, 2u, 65u, 1u << 20, 0x80000001u}) {
    const std::string count = pictures::big_endian(frames) + pictures::big_endian(0);
    const ImageInfo info = accepted(pictures::png_with(png, {"acTL", count}));
    EXPECT_EQ(info.pages, 1u);
    EXPECT_EQ(info.note, "an animated PNG, of which the first frame is looked at");
  }
}

// Its data lies where another item's data says, which libheif 1.15 does not know. 1.19 (Debian 13) does, and finds none.
TEST(Inspector, AnAvifThatTheDecoderDoesNotKnowIsNotDamaged) {
  std::string avif = encoded(packshot(64, 64), ".avif");
  const std::size_t box = avif.find("iloc") - 4;
  const std::size_t size = static_cast<unsigned char>(avif[box + 3]);
  const std::string places = "\0\0\0\x24iloc\1\0\0\0\x44\x40\0\1\0\1\0\2\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1"s;
  ASSERT_EQ(places.size(), 0x24u);
  ASSERT_TRUE(size == places.size() || size >= places.size() + 8);
  std::string filler;
  if (size > places.size())
    filler = pictures::big_endian(static_cast<std::uint32_t>(size - places.size())) + "free" +
             std::string(size - places.size() - 8, '\0');
  avif.replace(box, size, places + filler);
  const auto result = inspect_pixels(avif, {});
  const auto* rejection = std::get_if<Rejection>(&result);
  ASSERT_NE(rejection, nullptr);
  const bool is_known = rejection->detail.find("Item has no data") != std::string::npos;
  EXPECT_EQ(rejection->reason, is_known ? RejectionReason::damaged : RejectionReason::unsupported)
      << rejection->detail;
  EXPECT_THAT(rejection->detail, testing::HasSubstr(is_known ? "found damage" : "Unsupported feature"));
}

TEST(Inspector, RefusesEveryTruncation) {
  for (const Kind& kind : kinds())
    for (std::size_t percent = 0; percent < 100; ++percent)
      EXPECT_NE(refusal(std::string_view(kind.bytes).substr(0, kind.bytes.size() * percent / 100)),
                RejectionReason{})
          << kind.name << " cut at " << percent << " %";
}

// A file cut short and then closed properly: the container is whole, the picture is not.
TEST(Inspector, RefusesAJpegCutShortWithItsEndMarkerInPlace) {
  for (const bool interlace : {false, true}) {
    const std::string photo =
        encoded(packshot(600, 400), ".jpg", VImage::option()->set("interlace", interlace));
    for (std::size_t percent = 30; percent < 100; ++percent)
      EXPECT_NE(refusal(photo.substr(0, photo.size() * percent / 100) + "\xFF\xD9"), RejectionReason{})
          << percent << " % interlaced: " << interlace;
  }
}

// All the bytes, but a part of them lost: zeros where a page of a disk or a piece of a transfer was.
TEST(Inspector, RefusesAHoleInTheData) {
  int holes = 0, refused = 0;
  for (const char* suffix : {".jpg", ".png"}) {
    const std::string photo = encoded(packshot(900, 900), suffix);
    ASSERT_GT(photo.size(), 60'000u);
    for (std::size_t at = 2000; at + 4096 < photo.size() - 10; at += photo.size() / 40, ++holes) {
      std::string holed = photo;
      holed.replace(at, 4096, 4096, '\0');
      refused += refusal(holed) != RejectionReason{};
    }
  }
  EXPECT_EQ(refused, holes);
}

// A flipped bit inside JPEG entropy data usually decodes to a wrong but possible picture: nobody can tell
// without the original. What is recorded here is that those which break the code are seen, and how many that
// are.
TEST(Inspector, ReportsTheShareOfFlippedBitsItSees) {
  const std::string photo = encoded(packshot(300, 300), ".jpg");
  const std::size_t from = photo.find("\xFF\xDA"sv) + 14;
  int flips = 0, refused = 0;
  for (std::size_t at = from; at + 10 < photo.size(); at += photo.size() / 200, ++flips) {
    std::string flipped = photo;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
    refused += refusal(flipped) != RejectionReason{};
  }
  RecordProperty("flips", flips);
  RecordProperty("refused", refused);
  std::printf("[ flipped  ] %d of %d bit flips refused\n", refused, flips);
  EXPECT_GT(refused, flips / 20);
}

TEST(Inspector, KeepsHarmlessOdditiesWithANote) {
  const std::string photo = encoded(packshot(150, 100), ".jpg");
  const std::size_t end = photo.size() - 2, scan = photo.find("\xFF\xDA"sv),
                    tables = photo.find("\xFF\xDB"sv);
  struct {
    std::string name, bytes, note;
  } const rows[] = {
      {"stray byte before the end", photo.substr(0, end) + "x" + photo.substr(end), ""},
      {"odd APP", photo.substr(0, 2) + "\xFF\xEB\0\x06oops"s + photo.substr(2), ""},
      {"trailing bytes", photo + "xyz", "3 bytes after the end"},
      {"bytes between segments", photo.substr(0, tables) + std::string(40, 'x') + photo.substr(tables),
       "40 stray bytes"},
      {"unknown transform",
       photo.substr(0, 2) +
           "\xFF\xEE\0\x0E"
           "Adobe\0\x64\0\0\0\0\x07"s +
           photo.substr(2),
       "Unknown Adobe color transform code 7"},
      {"bad ICC",
       photo.substr(0, 2) +
           "\xFF\xE2\0\x12"
           "ICC_PROFILE\0\x09\x02oo"s +
           photo.substr(2),
       ""},
      {"odd SOS", photo.substr(0, scan + 12) + "\x10" + photo.substr(scan + 13), "Invalid SOS parameters"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_THAT(accepted(row.bytes).note, testing::HasSubstr(row.note));
  }
}

// By the codes of libjpeg's warnings (jerror.h), which are judged one by one.
TEST(Inspector, RefusesStrayBytesAtARestartMarker) {
  const std::string photo = encoded(packshot(300, 200), ".jpg", VImage::option()->set("restart_interval", 4));
  const std::size_t restart = photo.find("\xFF\xD3"sv, photo.find("\xFF\xDA"sv));
  ASSERT_NE(restart, std::string::npos);
  EXPECT_EQ(refusal(photo.substr(0, restart) + "x" + photo.substr(restart)), RejectionReason::damaged);
  std::string renamed = photo;
  renamed[restart + 1] = '\xD5';
  EXPECT_EQ(refusal(renamed), RejectionReason::damaged);
}

// Errors and warnings of libvips belong to the whole process: whatever comes before it, a good picture is good, and its note
// its own.
TEST(Inspector, NothingOfOnePictureReachesTheNext) {
  const std::vector<Kind> good = kinds();
  std::vector<std::string> bad = {encoded(packshot(150, 100), ".png", VImage::option()->set("strip", true))};
  bad[0].replace(bad[0].size() / 2, 4, "oops");
  VImage profiled = packshot(150, 100).copy();
  const std::string nonsense(600, 'p');
  vips_image_set_blob_copy(profiled.get_image(), VIPS_META_ICC_NAME, nonsense.data(), nonsense.size());
  for (const char* suffix : {".jpg", ".png", ".webp"}) bad.push_back(encoded(profiled, suffix));
  for (const Kind& kind : good) bad.push_back(kind.bytes.substr(0, kind.bytes.size() * 2 / 3));
  Recipe recipe;
  recipe.name = "thumb";
  recipe.width = 50;
  const std::vector<Recipe> recipes{recipe};
  for (const std::string& before : bad)
    for (const Kind& kind : good) {
      if (kind.name.starts_with("avif")) continue;  // slow
      inspect_pixels(before, recipes);
      const auto result = inspect_pixels(kind.bytes, recipes);
      ASSERT_TRUE(std::holds_alternative<Inspection>(result)) << kind.name;
      EXPECT_EQ(std::get<Inspection>(result).info.note, kind.name == "jpeg cmyk" ? "CMYK colours" : "")
          << kind.name;
    }
}

TEST(Inspector, AWrongNameDoesNotMatter) {
  const std::string png = encoded(packshot(150, 100), ".png");
  EXPECT_EQ(accepted(png).format, ImageFormat::png);  // nobody asks what it is called
}

TEST(Inspector, RefusesAHeaderThatLies) {
  std::string photo = encoded(packshot(160, 160), ".jpg");
  const std::size_t frame = photo.find("\xFF\xC0"sv);
  photo[frame + 6] = static_cast<char>(250);  // higher than there is data for
  EXPECT_NE(refusal(photo), RejectionReason{});
}

TEST(Inspector, AnEarlierErrorDoesNotLeakIntoALaterSentence) {
  const std::string photo = encoded(packshot(150, 100), ".jpg", VImage::option()->set("interlace", true));
  refusal(photo.substr(0, photo.size() / 2) + "\xFF\xD9");
  const std::string png = encoded(packshot(150, 100), ".png");
  EXPECT_EQ(accepted(png).note, "");
  EXPECT_EQ(accepted(photo).note, "");
}

// Damaged at random in every format: any answer will do, a crash will not.
TEST(Inspector, SurvivesArbitraryDamage) {
  std::uint32_t noise = 7;
  const auto next = [&] { return (noise = noise * 1664525 + 1013904223) >> 8; };
  for (const Kind& kind : kinds()) {
    if (kind.name.starts_with("avif")) continue;  // seconds each; the decoder process is there for it
    for (int round = 0; round < 20; ++round) {
      std::string broken = kind.bytes;
      for (std::uint32_t hits = 1 + next() % 4; hits > 0; --hits)
        broken[12 + next() % (broken.size() - 12)] = static_cast<char>(next());
      inspect_pixels(broken, {});
    }
  }
}

}  // namespace
}  // namespace medimirror
