// What a complete listing lacks leaves only when enough listings in a row say so, and never beyond the limit.
#include "run/retire.h"

#include <gtest/gtest.h>

#include <memory>

#include "support/temporary_folder.h"

namespace medimirror {
namespace {

constexpr UnixSeconds kNow = 1'700'000'000;

class RetireTest : public testing::Test {
 protected:
  RetireTest() : index_(Index::open(folder_ / "index", {})) {
    for (MediaId id = 1; id <= 10; ++id) list(id);
    options_.max_delete = {3, false};
  }

  // As the writer leaves an item that was listed and is held, and as the publisher leaves its file.
  void list(MediaId id) {
    IndexGroup group = index_->group();
    AssetRecord record = group.asset({id, "huge"}).value_or(AssetRecord{});
    record.state = AssetState::held;
    record.unlisted = false;
    record.absent_runs = 0;
    record.retired_at = 0;
    group.put_asset({id, "huge"}, record);
    group.put_mark(id, {1, 1, 1, 0, false});
    PublishedRecord published;
    published.path = "huge/" + std::to_string(id);
    group.put_published({id, "huge"}, published);
    group.commit();
  }

  // A complete listing that names all items up to `last`.
  Retirement listed_up_to(MediaId last) {
    std::vector<MediaId> seen;
    std::uint64_t known = 0;
    for (MediaId id = 1; id <= last; ++id) {
      seen.push_back(id);
      known += index_->view().mark(id) ? 1 : 0;
    }
    return retire_absent(*index_, {seen, known, index_->view().mark_count()}, options_, kNow);
  }

  static std::size_t absent(const Retirement& retirement) {
    return retirement.due.size() + retirement.by_settings.size() + retirement.waiting.size();
  }
  AssetRecord asset(MediaId id) { return *index_->view().asset({id, "huge"}); }

  TemporaryFolder folder_;
  std::unique_ptr<Index> index_;
  RetireOptions options_;
};

TEST_F(RetireTest, OneListingIsNoProof) {
  const Retirement first = listed_up_to(8);
  EXPECT_EQ(absent(first), 2u);
  EXPECT_EQ(first.waiting.size(), 2u);
  EXPECT_EQ(first.to_remove, 0u);
  EXPECT_EQ(first.retired(), 0u);
  EXPECT_EQ(asset(9).state, AssetState::held);
  EXPECT_EQ(asset(9).absent_runs, 1);

  const Retirement second = listed_up_to(8);
  EXPECT_EQ(second.waiting.size(), 0u);
  EXPECT_EQ(second.to_remove, 2u);
  EXPECT_EQ(second.retired(), 2u);
  EXPECT_EQ(asset(9).state, AssetState::retired);
  EXPECT_EQ(asset(9).retired_at, kNow);
  EXPECT_EQ(absent(listed_up_to(8)), 0u);  // and then it is no longer spoken of
}

TEST_F(RetireTest, TheCountIsOfListingsInARow) {
  listed_up_to(9);
  list(10);  // back
  EXPECT_EQ(absent(listed_up_to(10)), 0u);
  EXPECT_EQ(listed_up_to(9).waiting.size(), 1u);
  EXPECT_EQ(asset(10).state, AssetState::held);
  EXPECT_EQ(listed_up_to(9).retired(), 1u);
}

TEST_F(RetireTest, EachItemHasItsOwnCount) {
  listed_up_to(9);
  const Retirement second = listed_up_to(8);
  EXPECT_EQ(second.retired(), 1u);
  EXPECT_EQ(second.waiting.size(), 1u);
  EXPECT_EQ(asset(10).state, AssetState::retired);
  EXPECT_EQ(asset(9).state, AssetState::held);
}

TEST_F(RetireTest, AsManyConfirmationsAsAreAskedFor) {
  options_.confirmations = 4;
  for (int run = 1; run < 4; ++run) EXPECT_EQ(listed_up_to(9).waiting.size(), 1u) << run;
  EXPECT_EQ(listed_up_to(9).retired(), 1u);
}

TEST_F(RetireTest, OneConfirmationIsTheFirstListing) {
  options_.confirmations = 1;
  EXPECT_EQ(listed_up_to(8).retired(), 2u);
}

TEST_F(RetireTest, LessPatienceLaterAppliesToWhatWaits) {
  options_.confirmations = 5;
  listed_up_to(9);
  options_.confirmations = 1;
  EXPECT_EQ(listed_up_to(9).retired(), 1u);
}

TEST_F(RetireTest, TheLimitHoldsForWhatIsConfirmed) {
  EXPECT_FALSE(listed_up_to(7).implausible);
  for (const MediaId id : {8, 9, 10}) list(id);
  const Retirement first = listed_up_to(5);
  EXPECT_FALSE(first.over_limit);  // nothing is due yet
  EXPECT_TRUE(first.implausible);
  for (int run = 0; run < 3; ++run) {
    const Retirement refused = listed_up_to(5);
    EXPECT_TRUE(refused.over_limit);
    EXPECT_EQ(refused.to_remove, 5u);
    EXPECT_EQ(refused.retired(), 0u);
    EXPECT_EQ(asset(10).state, AssetState::held);
  }
  options_.max_delete = {5, false};
  EXPECT_EQ(listed_up_to(5).retired(), 5u);
}

TEST_F(RetireTest, WhatTheSettingsNoLongerAskForNeedsNoConfirmation) {
  const auto leaves_the_selection = [&](MediaId id) {
    IndexGroup group = index_->group();
    AssetRecord record = *group.asset({id, "huge"});
    record.unlisted = true;
    group.put_asset({id, "huge"}, record);
    group.commit();
  };
  options_.selection_changed = true;
  leaves_the_selection(2);
  const Retirement result = listed_up_to(9);  // 2 is listed, 10 is not
  EXPECT_EQ(result.retired(), 1u);
  EXPECT_EQ(result.waiting.size(), 1u);
  EXPECT_EQ(asset(2).state, AssetState::retired);
  EXPECT_EQ(asset(10).state, AssetState::held);

  // refused by the limit, it is still due in the next run, which knows nothing of the change
  for (const MediaId id : {3, 4, 5, 6}) leaves_the_selection(id);
  list(10);
  EXPECT_TRUE(listed_up_to(10).over_limit);
  options_.selection_changed = false;
  options_.max_delete = {4, false};
  EXPECT_EQ(listed_up_to(10).retired(), 4u);
}

TEST_F(RetireTest, FilesOfViewsCountForTheLimit) {
  options_.derivative_source = "huge";
  options_.confirmations = 1;
  IndexGroup group = index_->group();
  for (const MediaId id : {9, 10})
    for (const std::string product : {"M1", "M2"})
      group.put_published({id, "by-cnk/" + product}, {"by-cnk/" + product + std::to_string(id), {}, 0, 0});
  group.commit();
  const Retirement result = listed_up_to(8);
  EXPECT_EQ(result.to_remove, 6u);
  EXPECT_TRUE(result.over_limit);
  EXPECT_EQ(result.retired(), 0u);
}

}  // namespace
}  // namespace medimirror
