#include "config/suggestion.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace medimirror {
namespace {

TEST(EditDistance, CountsInsertionsRemovalsChangesAndSwaps) {
  struct Row {
    const char *a, *b;
    std::size_t distance;
  };
  for (const Row& row :
       {Row{"", "", 0}, Row{"", "abc", 3}, Row{"abc", "", 3}, Row{"page_size", "page_size", 0},
        Row{"page_sise", "page_size", 1}, Row{"pagesize", "page_size", 1}, Row{"pgae_size", "page_size", 1},
        Row{"Page_Size", "page_size", 0}, Row{"kitten", "sitting", 3}})
    EXPECT_EQ(edit_distance(row.a, row.b), row.distance) << row.a << " / " << row.b;
}

TEST(DidYouMean, NamesTheNearestAndIsSilentWhenNothingIsNear) {
  static constexpr std::array<std::string_view, 3> kKnown{"page_size", "key_id", "listing"};
  EXPECT_EQ(did_you_mean("page_sise", kKnown), "; did you mean \"page_size\"?");
  EXPECT_EQ(did_you_mean("keyid", kKnown), "; did you mean \"key_id\"?");
  EXPECT_EQ(did_you_mean("bananas", kKnown), "");
  EXPECT_EQ(did_you_mean("", kKnown), "");
  EXPECT_EQ(did_you_mean(std::string(100'000, 'a'), kKnown), "");
}

}  // namespace
}  // namespace medimirror
