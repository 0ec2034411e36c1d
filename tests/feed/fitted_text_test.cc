#include "feed/fitted_text.h"

#include <gtest/gtest.h>

namespace medimirror {
namespace {

using namespace std::string_view_literals;

struct TextRow {
  const char* name;
  std::string_view given;
  TextRule rule;
  FittedText wanted;
};

TEST(FittedText, Table) {
  const TextRow rows[] = {
      {"plain", "Pil 5 mg", {}, {"Pil 5 mg", false, false}},
      {"quotes, ends and separators stay", "a\"b;c,d\ne\tf\rg", {}, {"a\"b;c,d\ne\tf\rg", false, false}},
      {"direction marks stay", "a\u202Eb\u2066c", {}, {"a\u202Eb\u2066c", false, false}},
      {"zero byte", "a\0b"sv, {}, {"a\uFFFDb", true, false}},
      {"zero byte that may stay", "a\0b"sv, {0, {}, true}, {std::string("a\0b"sv), false, false}},
      {"escape, delete, C1", "\x1b[0m\x7f\u0085", {}, {"\uFFFD[0m\uFFFD\uFFFD", true, false}},
      {"no UTF-8", "a\xff\xc0\xafz", {}, {"a\uFFFD\uFFFD\uFFFDz", true, false}},
      {"surrogate in UTF-8", "\xed\xa0\x80", {}, {"\uFFFD\uFFFD\uFFFD", true, false}},
      {"cut off in a character", "a\xe2\x82", {}, {"a\uFFFD\uFFFD", true, false}},
      {"four bytes", "\U0001F34A", {}, {"\U0001F34A", false, false}},
      {"forbidden", "a,b\\c", {0, ",\\", false}, {"a b c", true, false}},
      {"just fits", "h\u00e9!", {3, {}, false}, {"h\u00e9!", false, false}},
      {"cut between characters", "h\u00e9!x", {2, {}, false}, {"h\u00e9", false, true}},
      {"empty", "", {2, {}, false}, {"", false, false}},
  };
  for (const TextRow& row : rows) EXPECT_EQ(fit_text(row.given, row.rule), row.wanted) << row.name;
}

TEST(FittedText, TenKilobytesAreNoTrouble) {
  std::string name;
  while (name.size() < 10'000) name += "\u00e9\"";
  EXPECT_EQ(fit_text(name, {}).text, name);
  const FittedText cut = fit_text(name, {255, {}, false});
  EXPECT_EQ(cut.text, name.substr(0, 128 * 3 - 1));
  EXPECT_TRUE(cut.cut);
}

}  // namespace
}  // namespace medimirror
