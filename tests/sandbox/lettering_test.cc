#include "sandbox/lettering.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <string>

namespace medimirror::sandbox {
namespace {

constexpr std::string_view kSigns = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

TEST(Lettering, EverySignIsWrittenAndLooksLikeNoOther) {
  std::set<std::vector<std::uint8_t>> seen;
  for (const char sign : kSigns) {
    // beside a tall and a deep letter, so that each has the same scale
    const Coverage coverage = write_text(std::string("Hg") + sign, 10'000, 60);
    EXPECT_EQ(coverage.height, 60) << sign;
    EXPECT_TRUE(seen.insert(coverage.at).second) << sign;
  }
}

TEST(Lettering, FillsTheRoomAndStaysInIt) {
  for (const auto& [width, height] : {std::pair{300, 100}, {30, 1000}, {1, 1}, {1500, 7}}) {
    const Coverage coverage = write_text("Dolorix 500 mg", width, height);
    EXPECT_TRUE(coverage.width == width || coverage.height == height) << width << "x" << height;
    EXPECT_LE(coverage.width, width);
    EXPECT_LE(coverage.height, height);
    EXPECT_EQ(coverage.at.size(), static_cast<std::size_t>(coverage.width * coverage.height));
  }
}

TEST(Lettering, InkReachesAllFourEdgesAndIsBold) {
  const Coverage h = write_text("H", 200, 200);
  ASSERT_EQ(h.height, 200);
  const auto at = [&](int x, int y) { return h.at[static_cast<std::size_t>(y * h.width + x)]; };
  EXPECT_EQ(at(h.width / 2, 100 - 10), 255);  // the bar
  EXPECT_EQ(at(h.width / 2, 20), 0);          // and nothing above it
  EXPECT_EQ(at(10, 150), 255);
  EXPECT_EQ(at(h.width - 10, 150), 255);
  const auto ink = static_cast<std::size_t>(std::ranges::count(h.at, 255));
  EXPECT_GT(ink * 100 / h.at.size(), 30u);
  EXPECT_LT(ink * 100 / h.at.size(), 60u);
}

TEST(Lettering, SignsItDoesNotKnowAreSpaces) {
  EXPECT_EQ(write_text("a b", 500, 50).at, write_text("a\xc3"
                                                      "b",
                                                      500, 50)
                                               .at);
  EXPECT_GT(write_text("a b", 10'000, 50).width, write_text("ab", 10'000, 50).width);
  EXPECT_TRUE(write_text("", 100, 100).at.empty());
  EXPECT_TRUE(write_text("   ", 100, 100).at.empty());
  EXPECT_TRUE(write_text("a", 0, 100).at.empty());
}

}  // namespace
}  // namespace medimirror::sandbox
