#include "tree/view_numbers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace medimirror {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr UnixSeconds kNow = 1'800'000'000, kGrace = 14 * 86'400;
constexpr UnixSeconds kLately = kNow - kGrace + 1, kLongAgo = kNow - kGrace;

using Known = std::vector<std::pair<MediaId, ViewNumber>>;

struct Row {
  const char* name;
  Known known;
  std::vector<MediaId> shown, reserved;
  std::vector<std::uint32_t> numbers;
  Known after;
};

class ViewNumbers : public testing::TestWithParam<Row> {};

TEST_P(ViewNumbers, AreGivenAndKept) {
  const Row& row = GetParam();
  const Numbering result = number_pictures(row.known, row.shown, row.reserved, kNow, kGrace);
  EXPECT_EQ(result.numbers, row.numbers);
  std::map<MediaId, ViewNumber> after(row.known.begin(), row.known.end());
  for (const auto& [media, number] : result.changes) {
    after.erase(media);
    if (number) after.emplace(media, *number);
  }
  EXPECT_EQ(Known(after.begin(), after.end()), row.after);
  // what is kept needs nothing the next time
  EXPECT_THAT(number_pictures(row.after, row.shown, row.reserved, kNow, kGrace).changes, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    View, ViewNumbers,
    testing::Values(
        Row{"first_time_in_order",
            {},
            {30, 10, 20},
            {},
            {1, 2, 3},
            {{10, {2, 0}}, {20, {3, 0}}, {30, {1, 0}}}},
        Row{"nothing", {}, {}, {}, {}, {}},
        Row{"a_better_one_comes_and_nobody_moves",
            {{10, {1, 0}}, {20, {2, 0}}},
            {5, 10, 20},
            {},
            {3, 1, 2},
            {{5, {3, 0}}, {10, {1, 0}}, {20, {2, 0}}}},
        Row{"one_leaves_and_its_number_waits",
            {{10, {1, 0}}, {20, {2, 0}}},
            {20, 30},
            {},
            {2, 3},
            {{10, {1, kNow}}, {20, {2, 0}}, {30, {3, 0}}}},
        Row{"the_gap_is_kept_to_the_end_of_the_grace_period",
            {{10, {1, kLately}}, {20, {2, 0}}},
            {20, 30},
            {},
            {2, 3},
            {{10, {1, kLately}}, {20, {2, 0}}, {30, {3, 0}}}},
        Row{"then_it_is_given_away",
            {{10, {1, kLongAgo}}, {20, {2, 0}}},
            {20, 30},
            {},
            {2, 1},
            {{20, {2, 0}}, {30, {1, 0}}}},
        Row{"who_returns_has_its_number_again",
            {{10, {1, kLately}}, {20, {2, 0}}},
            {10, 20},
            {},
            {1, 2},
            {{10, {1, 0}}, {20, {2, 0}}}},
        Row{"even_late_if_nobody_took_it",
            {{10, {1, kLongAgo}}, {20, {2, 0}}},
            {20, 10},
            {},
            {2, 1},
            {{10, {1, 0}}, {20, {2, 0}}}},
        Row{"a_hidden_one_keeps_its_number",
            {{10, {1, 0}}, {20, {2, 0}}},
            {20, 30},
            {10},
            {2, 3},
            {{10, {1, 0}}, {20, {2, 0}}, {30, {3, 0}}}},
        Row{"a_hidden_one_that_had_none_gets_none", {}, {20}, {10}, {1}, {{20, {1, 0}}}},
        Row{"all_leave", {{10, {1, 0}}, {20, {2, 0}}}, {}, {}, {}, {{10, {1, kNow}}, {20, {2, kNow}}}},
        Row{"two_with_one_number_are_parted",
            {{10, {1, 0}}, {20, {1, 0}}},
            {10, 20},
            {},
            {1, 2},
            {{10, {1, 0}}, {20, {2, 0}}}}),
    [](const auto& param) { return param.param.name; });

TEST(ViewNumbersAtOnce, WithoutAGracePeriodAGapIsFreeOnceItWasOne) {
  const Known known{{10, {1, 0}}};
  const std::vector<MediaId> shown{20};
  // in the run that sees a picture leave, its file still stands under that name
  EXPECT_THAT(number_pictures(known, shown, {}, kNow, 0).numbers, ElementsAre(2));
  const Known later{{10, {1, kNow}}};
  EXPECT_THAT(number_pictures(later, shown, {}, kNow, 0).numbers, ElementsAre(1));
}

}  // namespace
}  // namespace medimirror
