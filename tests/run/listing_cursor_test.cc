// Since when a listing of changes is enough, whatever the clock said in earlier runs.
#include "run/listing_cursor.h"

#include <gtest/gtest.h>

#include <memory>

#include "store/setting_names.h"
#include "store/trusted_time.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

constexpr UnixSeconds kNow = 1'800'000'000, kDay = 86'400, kYears = 3650 * kDay;
constexpr ListingCursor kCursor{kCursorSetting, kFullListingSetting};
constexpr std::chrono::seconds kWeekly = std::chrono::days(7);

struct ListingCursorTest : testing::Test {
  TemporaryFolder folder;
  std::unique_ptr<Index> index = Index::open(folder / "index", {});

  void listed(std::optional<UnixSeconds> server, UnixSeconds ours) {
    IndexGroup group = index->group();
    kCursor.move(group, server, ours);
    group.commit();
  }
  std::optional<UnixSeconds> since(UnixSeconds now) {
    return kCursor.changes_since(index->view(), kWeekly, now);
  }
};

TEST_F(ListingCursorTest, ChangesAreEnoughForAWhile) {
  EXPECT_FALSE(since(kNow));
  listed(kNow, kNow);
  ASSERT_TRUE(since(kNow + kDay));
  EXPECT_LT(*since(kNow + kDay), kNow) << "with an overlap";
  EXPECT_FALSE(since(kNow + 7 * kDay));
}

TEST_F(ListingCursorTest, WhatLiesInTheFutureIsNotBelieved) {
  listed(std::nullopt, kNow + kYears);
  EXPECT_FALSE(since(kNow));
  listed(kNow + kYears, kNow);
  EXPECT_FALSE(since(kNow));
  listed(kNow, kNow + kYears);  // our clock was ahead, the service's was not
  EXPECT_TRUE(since(kNow + kDay));
  EXPECT_FALSE(since(kNow + 8 * kDay));
}

TEST_F(ListingCursorTest, AClockThatIsAheadIsBelievedForTwoDays) {
  EXPECT_EQ(trusted_now(index->view(), kNow + kYears), kNow + kYears) << "nothing is known better";
  listed(kNow, kNow);
  EXPECT_EQ(trusted_now(index->view(), kNow + kDay), kNow + kDay);
  EXPECT_EQ(trusted_now(index->view(), kNow + kYears), kNow + 2 * kDay);
  EXPECT_EQ(trusted_now(index->view(), 7), 7) << "one that is behind ends no grace period";
}

}  // namespace
}  // namespace medimirror
