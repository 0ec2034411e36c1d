#include "base/ascii.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace medimirror {
namespace {

TEST(Ascii, KnowsNoLetterOrDigitOfAnotherAlphabet) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    EXPECT_EQ(is_digit(c), byte >= '0' && byte <= '9') << byte;
    EXPECT_EQ(is_control(c), byte < 0x20 || byte == 0x7f) << byte;
    EXPECT_EQ(lower(c) != c, byte >= 'A' && byte <= 'Z') << byte;
  }
  EXPECT_EQ(lower("ÀB-c"), "Àb-c");
}

TEST(Ascii, TrimsBlanksAndLineEndsAtBothEnds) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim("a"), "a");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Ascii, AWholeNumberIsAllOfTheText) {
  EXPECT_EQ(whole_number<int>("-12"), -12);
  EXPECT_EQ(whole_number<std::uint64_t>("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(whole_number<int>("ff", 16), 255);
  for (const char* text : {"", " 1", "1 ", "+1", "1x", "0x1", "1.0", "70000"})
    EXPECT_FALSE(whole_number<std::uint16_t>(text)) << text;
  EXPECT_FALSE(whole_number<unsigned>("-1"));
}

TEST(Ascii, DigitsAreAtLeastOne) {
  EXPECT_TRUE(is_digits("0123456789"));
  EXPECT_FALSE(is_digits(""));
  EXPECT_FALSE(is_digits("1 2"));
}

}  // namespace
}  // namespace medimirror
