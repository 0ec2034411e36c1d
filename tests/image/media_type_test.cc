#include "image/media_type.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace medimirror {
namespace {

using namespace std::string_view_literals;

struct FormatRow {
  std::string_view name, bytes;
  ImageFormat format;
};

TEST(DetectFormat, ByMagicBytes) {
  const FormatRow rows[] = {
      {"jpeg", "\xFF\xD8\xFF\xE0"sv, ImageFormat::jpeg},
      {"jpeg without APP", "\xFF\xD8\xFF\xDB"sv, ImageFormat::jpeg},
      {"half a jpeg magic", "\xFF\xD8"sv, ImageFormat::unknown},
      {"png", "\x89PNG\r\n\x1A\n...."sv, ImageFormat::png},
      {"png whose line ends were translated", "\x89PNG\n\x1A\n...."sv, ImageFormat::unknown},
      {"webp", "RIFF\4\0\0\0WEBP"sv, ImageFormat::webp},
      {"wave", "RIFF\4\0\0\0WAVE"sv, ImageFormat::unknown},
      {"gif87", "GIF87a"sv, ImageFormat::gif},
      {"gif89", "GIF89a"sv, ImageFormat::gif},
      {"gif of no version", "GIF90a"sv, ImageFormat::unknown},
      {"avif",
       "\0\0\0\x1C"
       "ftypavif\0\0\0\0"sv,
       ImageFormat::avif},
      {"avif by compatible brand",
       "\0\0\0\x18"
       "ftypmif1\0\0\0\0miafavif"sv,
       ImageFormat::avif},
      {"brand outside the box",
       "\0\0\0\x14"
       "ftypmif1\0\0\0\0miafavif"sv,
       ImageFormat::unknown},
      {"heic",
       "\0\0\0\x18"
       "ftypheic\0\0\0\0mif1heic"sv,
       ImageFormat::unknown},
      {"nothing", ""sv, ImageFormat::unknown},
  };
  for (const FormatRow& row : rows) EXPECT_EQ(detect_format(row.bytes), row.format) << row.name;
}

TEST(LooksLikeHtml, KnowsAPageByItsOpening) {
  for (const std::string_view page :
       {"<!DOCTYPE html><html>", "<html lang=nl>", "\xEF\xBB\xBF  \r\n<HTML>", "<!-- hi --><html>", "<head>",
        "<?xml version='1.0'?><html xmlns=''>", "<h1>403</h1>", "<!-- never closed"})
    EXPECT_TRUE(looks_like_html(page)) << page;
  for (const std::string_view other :
       {"", "hello <html>", "<svg>", "<?xml version='1.0'?><svg/>", "{\"a\":1}"})
    EXPECT_FALSE(looks_like_html(other)) << other;
}

struct KindRow {
  std::string_view bytes, name;
  bool is_picture;
};

TEST(DetectForeignKind, NamesWhatArrived) {
  const KindRow rows[] = {
      {"%PDF-1.7\n"sv, "a PDF document", true},
      {"<svg xmlns='http://www.w3.org/2000/svg'/>"sv, "an SVG drawing", true},
      {"<?xml version='1.0'?>\n<!-- x -->\n<svg/>"sv, "an SVG drawing", true},
      {"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' ''><svg/>"sv, "an SVG drawing", true},
      {"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>"sv, "an XML document", false},
      {"II*\0\x08\0\0\0"sv, "a TIFF picture", true},
      {"MM\0*\0\0\0\x08"sv, "a TIFF picture", true},
      {"\0\0\0\x18"
       "ftypheic\0\0\0\0mif1heic"sv,
       "a HEIC picture", true},
      {"\0\0\0\x18"
       "ftypisom\0\0\0\0isommp42"sv,
       "an MP4 or QuickTime file", false},
      {"\x1F\x8B\x08"sv, "gzip-compressed data", false},
      {"{\"meta\":{}}"sv, "a JSON text", false},
      {"Too Many Requests"sv, "a plain text", false},
      {"\x01\x02\x03"sv, "", false},
  };
  for (const KindRow& row : rows) {
    EXPECT_EQ(detect_foreign_kind(row.bytes).name, row.name);
    EXPECT_EQ(detect_foreign_kind(row.bytes).is_picture, row.is_picture) << row.name;
  }
}

}  // namespace
}  // namespace medimirror
