#include "image/header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "image/pictures.h"

namespace medimirror {
namespace {

using namespace std::string_view_literals;
using namespace std::string_literals;
using pictures::encoded;
using pictures::packshot;

ImageInfo accepted(std::string_view bytes, const Limits& limits = {}) {
  const auto result = inspect_header(bytes, limits);
  if (const auto* rejection = std::get_if<Rejection>(&result)) {
    ADD_FAILURE() << name_of(rejection->reason) << ": " << rejection->detail;
    return {};
  }
  return std::get<ImageInfo>(result);
}

// RejectionReason{} for what was accepted
RejectionReason refusal(std::string_view bytes, const Limits& limits = {}) {
  const auto result = inspect_header(bytes, limits);
  const auto* rejection = std::get_if<Rejection>(&result);
  return rejection ? rejection->reason : RejectionReason{};
}

std::string progressive() {
  return encoded(packshot(120, 80), ".jpg", vips::VImage::option()->set("interlace", true));
}

struct GoodRow {
  std::string name, bytes;
  ImageInfo info;
};

std::vector<GoodRow> good_pictures() {
  const auto gray16 =
      packshot(120, 80, 1).cast(VIPS_FORMAT_USHORT, vips::VImage::option()->set("shift", true));
  return {
      {"jpeg", encoded(packshot(120, 80), ".jpg"), {ImageFormat::jpeg, 120, 80, 1, false, ""}},
      {"progressive jpeg", progressive(), {ImageFormat::jpeg, 120, 80, 1, false, ""}},
      {"grey jpeg", encoded(packshot(120, 80, 1), ".jpg"), {ImageFormat::jpeg, 120, 80, 1, false, ""}},
      {"cmyk jpeg",
       encoded(packshot(120, 80).colourspace(VIPS_INTERPRETATION_CMYK), ".jpg"),
       {ImageFormat::jpeg, 120, 80, 1, false, "CMYK colours"}},
      {"png", encoded(packshot(120, 80), ".png"), {ImageFormat::png, 120, 80, 1, false, ""}},
      {"png alpha", encoded(packshot(120, 80, 4), ".png"), {ImageFormat::png, 120, 80, 1, true, ""}},
      {"png grey alpha", encoded(packshot(120, 80, 2), ".png"), {ImageFormat::png, 120, 80, 1, true, ""}},
      {"png 16 bits", encoded(gray16, ".png"), {ImageFormat::png, 120, 80, 1, false, ""}},
      {"webp", encoded(packshot(121, 81), ".webp"), {ImageFormat::webp, 121, 81, 1, false, ""}},
      {"webp alpha", encoded(packshot(120, 80, 4), ".webp"), {ImageFormat::webp, 120, 80, 1, true, ""}},
      {"webp lossless",
       encoded(packshot(120, 80), ".webp", vips::VImage::option()->set("lossless", true)),
       {ImageFormat::webp, 120, 80, 1, false, ""}},
      {"webp animated", pictures::animated(".webp", 60, 40, 3), {ImageFormat::webp, 60, 40, 3, false, ""}},
      {"gif", encoded(packshot(120, 80), ".gif"), {ImageFormat::gif, 120, 80, 1, false, ""}},
      {"gif animated", pictures::animated(".gif", 60, 40, 3), {ImageFormat::gif, 60, 40, 3, true, ""}},
      {"avif", encoded(packshot(120, 80), ".avif"), {ImageFormat::avif, 120, 80, 1, false, ""}},
      {"avif alpha", encoded(packshot(120, 80, 4), ".avif"), {ImageFormat::avif, 120, 80, 1, true, ""}},
  };
}

TEST(Header, ReadsGoodPictures) {
  for (const GoodRow& row : good_pictures()) {
    SCOPED_TRACE(row.name);
    ImageInfo info = accepted(row.bytes);
    info.has_alpha = row.name == "gif animated" ? true : info.has_alpha;  // the encoder's choice
    EXPECT_EQ(info, row.info);
  }
}

TEST(Header, RefusesEveryTruncation) {
  for (const GoodRow& row : good_pictures())
    for (std::size_t length = 0; length < row.bytes.size();
         length += length < 200 ? 1 : row.bytes.size() / 300 + 1) {
      const RejectionReason reason = refusal(std::string_view(row.bytes).substr(0, length));
      EXPECT_NE(reason, RejectionReason{}) << row.name << " cut at " << length << " of " << row.bytes.size();
      if (length >= 64) {
        EXPECT_EQ(reason, RejectionReason::truncated) << row.name << " cut at " << length;
      }
    }
}

TEST(Header, KeepsTrailingBytesWithANote) {
  for (const GoodRow& row : good_pictures()) {
    if (row.info.format == ImageFormat::avif) continue;  // more boxes may follow in an AVIF
    EXPECT_THAT(accepted(row.bytes + "xyz").note, testing::HasSubstr("3 bytes after the end")) << row.name;
  }
}

TEST(Header, RefusesByKind) {
  EXPECT_EQ(refusal(""), RejectionReason::empty);
  EXPECT_EQ(refusal("<!doctype html><title>Login</title>"), RejectionReason::html_page);
  EXPECT_EQ(refusal("%PDF-1.4 ..."), RejectionReason::unsupported);
  EXPECT_EQ(refusal("<svg/>"), RejectionReason::unsupported);
  EXPECT_EQ(refusal("{\"error\": 1}"), RejectionReason::not_an_image);
  EXPECT_EQ(refusal("\x01\x02"), RejectionReason::not_an_image);
  const auto page = inspect_header("<html><title>Access denied</title></html>");
  EXPECT_THAT(std::get<Rejection>(page).detail, testing::HasSubstr("“Access denied”"));
}

TEST(Header, HoldsTheLimits) {
  const std::string photo = encoded(packshot(120, 80), ".jpg");
  const std::string film = pictures::animated(".webp", 60, 40, 3);
  Limits limits;
  limits.bytes_max = photo.size();
  EXPECT_EQ(refusal(photo, limits), RejectionReason{});
  limits.bytes_max = photo.size() - 1;
  EXPECT_EQ(refusal(photo, limits), RejectionReason::too_large);
  EXPECT_EQ(refusal(photo, {.pixels_max = 120 * 80}), RejectionReason{});
  EXPECT_EQ(refusal(photo, {.pixels_max = 120 * 80 - 1}), RejectionReason::too_large);
  EXPECT_EQ(refusal(photo, {.side_max = 119}), RejectionReason::too_large);
  EXPECT_EQ(refusal(film, {.pages_max = 2}), RejectionReason::too_large);
  EXPECT_EQ(refusal(film, {.pixels_max = 60 * 40 * 3 - 1}), RejectionReason::too_large);
}

TEST(Header, ABombIsRefusedByItsHeader) {
  std::string bomb = encoded(packshot(120, 80), ".jpg");
  const std::size_t frame = bomb.find("\xFF\xC0"sv);
  ASSERT_NE(frame, std::string::npos);
  bomb.replace(frame + 5, 4, "\x75\x30\x75\x30"sv);  // 30000 × 30000
  EXPECT_EQ(refusal(bomb), RejectionReason::too_large);
  bomb.replace(frame + 5, 4, "\xFF\xFF\xFF\xFF"sv);
  EXPECT_EQ(refusal(bomb), RejectionReason::too_large);
}

// Oddities of JPEG, by name: what is put where, and what comes of it.
TEST(Header, JpegOddities) {
  const std::string photo = encoded(packshot(120, 80), ".jpg");
  const std::size_t end = photo.size() - 2, second = photo.find("\xFF\xDB"sv);  // the segment after the first
  ASSERT_EQ(photo.substr(end), "\xFF\xD9"sv);
  const std::string unknown_app = "\xFF\xEB\0\x06oops"s;
  EXPECT_EQ(accepted(photo.substr(0, 2) + unknown_app + photo.substr(2)).note, "");
  EXPECT_EQ(accepted(photo.substr(0, 2) + "\xFF\xFF\xFF"s + photo.substr(2)).note, "");  // fill bytes
  EXPECT_EQ(accepted(photo.substr(0, second) + "x"s + photo.substr(second)).note,
            "irregular: 1 stray bytes between segments");
  EXPECT_EQ(accepted(photo.substr(0, end) + "x"s + photo.substr(end)).width, 120u);
  // between the segments of the header any number, behind a scan a byte or two
  EXPECT_THAT(accepted(photo.substr(0, second) + std::string(500, 'x') + photo.substr(second)).note,
              testing::HasSubstr("500 stray bytes"));
  const std::string progressive =
      encoded(packshot(120, 80), ".jpg", vips::VImage::option()->set("interlace", true));
  const std::size_t between = progressive.find("\xFF\xC4"sv, progressive.find("\xFF\xDA"sv));
  EXPECT_EQ(refusal(progressive.substr(0, between) + "\xFF\xFE\0\x02xxx"s + progressive.substr(between)),
            RejectionReason::damaged);
  EXPECT_EQ(refusal("\xFF\xD8\xFF\xD9"sv), RejectionReason::damaged);
  EXPECT_EQ(refusal("\xFF\xD8\xFF\xE0\0\1\xFF\xD9"sv), RejectionReason::damaged);
  EXPECT_EQ(refusal(photo.substr(0, 2) + photo), RejectionReason::damaged);  // a start inside
  // A thumbnail in an APP segment has markers of its own, which are not ours.
  const std::string thumbnail = "\xFF\xE1\0\x08\xFF\xD8\xFF\xD9\0\0"s;
  EXPECT_EQ(accepted(photo.substr(0, 2) + thumbnail + photo.substr(2)).width, 120u);
}

TEST(Header, PngChecksumsCount) {
  const std::string photo = encoded(packshot(120, 80), ".png", vips::VImage::option()->set("strip", true));
  const std::size_t density = photo.find("pHYs");  // no pixel depends on it
  int refused = 0, flips = 0;
  for (std::size_t at = 8; at < photo.size(); at += photo.size() / 200 + 1, ++flips) {
    if (at > density && at < density + 17) continue;
    std::string flipped = photo;
    flipped[at] = static_cast<char>(flipped[at] ^ 4);
    refused += refusal(flipped) != RejectionReason{};
  }
  EXPECT_EQ(refused, flips);
}

// Any bytes at all, as a fuzzer would: nothing but an answer is expected (sanitizers watch).
TEST(Header, SurvivesArbitraryDamage) {
  std::uint32_t noise = 1;
  const auto next = [&] { return (noise = noise * 1664525 + 1013904223) >> 8; };
  for (const GoodRow& row : good_pictures())
    for (int round = 0; round < 300; ++round) {
      std::string broken = row.bytes.substr(0, 16 + next() % row.bytes.size());
      for (std::uint32_t hits = next() % 8; hits > 0; --hits)
        broken[12 + next() % (broken.size() - 12)] = static_cast<char>(next());
      inspect_header(broken);
    }
}

}  // namespace
}  // namespace medimirror
