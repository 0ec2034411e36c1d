// No text of others steers a terminal, begins a line of its own, or shows our secret.
#include "base/foreign_text.h"

#include <gtest/gtest.h>

namespace medimirror {
namespace {

TEST(PlainLine, NothingThatSteersPasses) {
  struct Row {
    std::string text, plain;
  };
  const Row rows[] = {
      {"Crème 50 ml", "Crème 50 ml"},
      {"a\x1b[31mred", "a?[31mred"},
      {"a\nmedimirror: all is well\r\n", "a medimirror: all is well  "},
      {"tab\there", "tab here"},
      {"c1 \xC2\x9B"
       "31m",
       "c1 ?31m"},
      {"raw \x9B"
       "31m",
       "raw ?31m"},
      {"\xE2\x80\xAE"
       "gpj.exe",
       "gpj.exe"},
      {"\xE2\x81\xA6x\xE2\x81\xA9 \xE2\x80\x8F \xD8\x9C", "x  "},
      {"one\xE2\x80\xA8two", "one two"},
      {"del\x7F", "del?"},
      {"overlong \xC0\xAF", "overlong ??"},
      {"surrogate \xED\xA0\x80", "surrogate ???"},
      {"cut \xE2\x82", "cut ??"},
      {"日本語 🙂", "日本語 🙂"},
      {std::string("zero\0byte", 9), "zero?byte"},
  };
  for (const Row& row : rows) EXPECT_EQ(plain_line(row.text), row.plain);
  EXPECT_EQ(plain_lines("one\ntwo\x1b\n"), "one\ntwo?\n");
}

TEST(PlainLine, IsCutBetweenCharacters) {
  EXPECT_EQ(cut_short("abc", 3), "abc");
  EXPECT_EQ(cut_short("ab€d", 4), "ab…");
}

TEST(WithholdSecret, NoFormOfItPasses) {
  withhold_secret("k3y/of+the Shop!");
  for (const char* text : {"k3y/of+the Shop!", "x k3y%2Fof%2Bthe%20Shop%21 y", "k3y%2fof%2bthe%20Shop%21",
                           "%6B%33%79%2F%6F%66%2B%74%68%65%20%53%68%6F%70%21",
                           "Authorization: Basic NDI6azN5L29mK3RoZSBTaG9wIQ==",  // 42:secret
                           "azN5L29mK3RoZSBTaG9wIQ=="}) {                        // the secret alone
    const std::string shown = plain_line(text);
    EXPECT_NE(shown.find("(secret)"), std::string::npos) << text << " became " << shown;
    EXPECT_EQ(shown.find("the"), std::string::npos) << shown;
  }
  EXPECT_EQ(plain_line("the Shop"), "the Shop");
  withhold_secret("short");
  EXPECT_EQ(plain_line("short"), "short");
}

}  // namespace
}  // namespace medimirror
