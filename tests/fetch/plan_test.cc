#include "fetch/plan.h"

#include <gtest/gtest.h>

#include "base/sha256.h"

namespace medimirror {
namespace {

constexpr UnixSeconds kNow = 1'780'000'000;
const std::string kUrl = "https://media.medipim.be/a.jpeg";
const std::string kOther = "https://media.medipim.be/b.jpeg";
const std::string kQuery = "https://media.medipim.be/a.jpeg?v=2";

SelectedAsset wanted(const std::string& url) {
  return {{7, "huge"}, url, "huge"};
}

AssetRecord held(const std::string& url = kUrl) {
  AssetRecord record;
  record.state = AssetState::held;
  record.url = record.held_url = url;
  record.source_format = "huge";
  record.digest = sha256("picture");
  record.etag = "\"e\"";
  record.first_listed = kNow - 1000;
  return record;
}

TEST(PlanTest, NewIsWanted) {
  const AssetRecord record = plan_asset(wanted(kUrl), std::nullopt, false, kNow);
  EXPECT_EQ(record.state, AssetState::wanted);
  EXPECT_EQ(record.url, kUrl);
  EXPECT_EQ(record.first_listed, kNow);
  EXPECT_FALSE(record.digest);
}

TEST(PlanTest, HeldUnderTheSameUrlIsLeftAlone) {
  EXPECT_EQ(plan_asset(wanted(kUrl), held(), true, kNow), held());
}

TEST(PlanTest, AnotherUrlIsWantedAndTheOldPictureStaysPublished) {
  const AssetRecord record = plan_asset(wanted(kOther), held(), true, kNow);
  EXPECT_EQ(record.state, AssetState::wanted);
  EXPECT_TRUE(record.to_fetch());
  EXPECT_TRUE(record.to_publish());
  EXPECT_EQ(record.held_url, kUrl);
  EXPECT_FALSE(can_revalidate(record)) << "another path is another picture";
}

TEST(PlanTest, AnotherQueryIsAskedConditionally) {
  const AssetRecord record = plan_asset(wanted(kQuery), held(), true, kNow);
  EXPECT_EQ(record.state, AssetState::wanted);
  EXPECT_TRUE(can_revalidate(record));
}

TEST(PlanTest, WithoutValidatorsNothingCanBeAskedConditionally) {
  AssetRecord record = plan_asset(wanted(kQuery), held(), true, kNow);
  record.etag.clear();
  EXPECT_FALSE(can_revalidate(record));
}

TEST(PlanTest, AUrlThatChangesBackIsHeldAgain) {
  AssetRecord changed = plan_asset(wanted(kOther), held(), true, kNow);
  EXPECT_EQ(plan_asset(wanted(kUrl), changed, true, kNow).state, AssetState::held);
}

TEST(PlanTest, AFailureStandsUntilAnAttemptSucceedsOrTheUrlChanges) {
  AssetRecord failed = held();
  failed.state = AssetState::failed;
  failed.url = kOther;
  EXPECT_EQ(plan_asset(wanted(kOther), failed, true, kNow).state, AssetState::failed);
  EXPECT_EQ(plan_asset(wanted(kUrl), failed, true, kNow).state, AssetState::held);
  EXPECT_EQ(plan_asset(wanted(kQuery), failed, true, kNow).state, AssetState::wanted);
}

TEST(PlanTest, ARetiredAssetThatComesBackCostsNoRequestWhileItsBlobIsThere) {
  AssetRecord retired = held();
  retired.state = AssetState::retired;
  retired.retired_at = kNow - 10;
  retired.unlisted = true;
  retired.absent_runs = 2;
  const AssetRecord back = plan_asset(wanted(kUrl), retired, true, kNow);
  EXPECT_EQ(back.state, AssetState::held);
  EXPECT_EQ(back.retired_at, 0);
  EXPECT_FALSE(back.unlisted);
  EXPECT_EQ(back.absent_runs, 0);
}

TEST(PlanTest, ABlobThatIsNotKnownIsFetchedAgainWithoutCondition) {
  AssetRecord retired = held();
  retired.state = AssetState::retired;
  const AssetRecord back = plan_asset(wanted(kUrl), retired, false, kNow);
  EXPECT_EQ(back.state, AssetState::wanted);
  EXPECT_FALSE(back.digest);
  EXPECT_FALSE(can_revalidate(back));
}

TEST(PlanTest, AnotherSourceFormatUnderTheSameUrlIsOnlyNoted) {
  SelectedAsset asset = wanted(kUrl);
  asset.source_format = "hugePng";
  const AssetRecord record = plan_asset(asset, held(), true, kNow);
  EXPECT_EQ(record.state, AssetState::held);
  EXPECT_EQ(record.source_format, "hugePng");
}

}  // namespace
}  // namespace medimirror
