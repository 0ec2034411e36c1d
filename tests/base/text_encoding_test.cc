#include "base/text_encoding.h"

#include <gtest/gtest.h>

namespace medimirror {
namespace {

using namespace std::string_view_literals;

TEST(TextEncoding, ReadsWhatProgramsSave) {
  EXPECT_EQ(to_utf8(""), "");
  EXPECT_EQ(to_utf8("a"), "a");
  EXPECT_EQ(to_utf8("caf\xC3\xA9"), "caf\xC3\xA9");
  EXPECT_EQ(to_utf8("\xEF\xBB\xBFx"), "x");
  EXPECT_EQ(to_utf8("caf\xE9"), "caf\xC3\xA9");  // Latin-1
  EXPECT_EQ(to_utf8("1\xA0"), "1\xC2\xA0");      // its no-break space
  EXPECT_EQ(to_utf8("\xFF\xFEx\0\xE9\0"sv), "x\xC3\xA9");
  EXPECT_EQ(to_utf8("\xFE\xFF\0x\0\xE9"sv), "x\xC3\xA9");
  EXPECT_EQ(to_utf8("x\0y\0"sv), "xy");  // without a mark
  EXPECT_EQ(to_utf8("\0x\0y"sv), "xy");
  EXPECT_EQ(to_utf8("\xFF\xFE\x3D\xD8\x8A\xDC"sv), "\xF0\x9F\x92\x8A");  // a pill, of two units
  EXPECT_EQ(to_utf8("\xFF\xFE\x3D\xD8x\0"sv), "\xEF\xBF\xBDx");          // half of one
  EXPECT_EQ(to_utf8("\xFF\xFEx\0y"sv), "x");                             // cut
}

TEST(TextEncoding, KnowsUtf8) {
  for (const std::string_view good :
       {"", "\x7F", "\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (const std::string_view bad : {"\x80", "\xC0\x80", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80",
                                     "\xF4\x90\x80\x80", "\xF0\x80\x80\x80", "\xFF", "\xE2\x82"})
    EXPECT_FALSE(is_utf8(bad)) << bad;
}

}  // namespace
}  // namespace medimirror
