#include "run/product_walk.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_transport.h"
#include "support/manual_clock.h"
#include "support/scripted_listing.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string line(int number, int media) {
  return fmt::format(R"({{"id":"M{0}","status":"active","cnk":"000000{0}","ean":[],"name":{{"nl":"Pil"}},)"
                     R"("photos":[{{"id":{1},"displayOrder":1,"locales":["nl"]}}],"frontals":[]}})",
                     number, media);
}

class Walk : public testing::Test {
 protected:
  using Batches = std::vector<std::vector<std::string>>;

  // One listing for each filter.
  RunReport::Products walk(std::vector<Batches> listings, Listing::State end = Listing::State::complete,
                           ProductsNamed named = ProductsNamed::all) {
    std::vector<std::string> filters;
    for (std::size_t i = 0; i < listings.size(); ++i) filters.push_back(std::to_string(i));
    RunReport::Products report;
    list_products_into_index(
        filters, named,
        [&](const std::string& filter) {
          return std::make_unique<ScriptedListing>(listings[std::stoul(filter)], end);
        },
        {transport_, clock_, *progress_, stop_}, *index_, report);
    return report;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Index> index_ = Index::open(folder_.path() / "index", {.durable = false});
  ManualClock clock_;
  FakeTransport transport_{clock_};
  StopFlag stop_;
  std::unique_ptr<Progress> progress_ = make_progress(ProgressStyle::none, 2, SteadyTime{});
};

TEST_F(Walk, AListingWithHolesRemovesNothingAndTheOthersAreListedAllTheSame) {
  walk({{{line(1, 5), line(2, 6), line(3, 6)}}});
  for (const Listing::State end : {Listing::State::holed, Listing::State::shifted}) {
    const RunReport::Products report = walk({{{line(1, 5)}}, {{line(2, 6)}}}, end);
    EXPECT_EQ(report.listed, 2u);
    EXPECT_FALSE(report.complete);
    EXPECT_EQ(report.shifted, end == Listing::State::shifted);
    EXPECT_EQ(report.removed, 0u);
  }
  EXPECT_EQ(walk({{{line(1, 5)}}, {{line(2, 6)}}}, Listing::State::cut).listed, 1u);
}

TEST_F(Walk, KeepsWhatIsNewAndLooksAwayFromWhatIsNot) {
  EXPECT_EQ(walk({{{line(1, 5), line(2, 6)}, {line(3, 6)}}}).changed, 3u);
  EXPECT_THAT(index_->view().products_of_media(6), ElementsAre("M2", "M3"));
  EXPECT_THAT(index_->view().products_of_code("0000001"), ElementsAre("M1"));

  const RunReport::Products again = walk({{{line(1, 5), line(2, 7), line(3, 6)}}});
  EXPECT_EQ(again.listed, 3u);
  EXPECT_EQ(again.unchanged, 2u);
  EXPECT_EQ(again.changed, 1u);
  EXPECT_EQ(again.removed, 0u);
  EXPECT_TRUE(again.complete);
  EXPECT_THAT(index_->view().products_of_media(7), ElementsAre("M2"));
}

TEST_F(Walk, WhatIsListedAgainIsCountedOnce) {
  const RunReport::Products products =
      walk({{{line(1, 5), line(2, 6)}, {line(1, 5), line(2, 6), line(3, 6)}}});
  EXPECT_EQ(products.listed, 3u);
  EXPECT_EQ(products.changed, 3u);
  EXPECT_EQ(index_->view().product_count(), 3u);
}

TEST_F(Walk, AListingOfChangesRemovesNothing) {
  walk({{{line(1, 5), line(2, 6)}}});
  const RunReport::Products changes =
      walk({{{line(2, 7)}}}, Listing::State::complete, ProductsNamed::changed);
  EXPECT_EQ(changes.changed, 1u);
  EXPECT_EQ(changes.removed, 0u);
  EXPECT_EQ(index_->view().product_count(), 2u);
  EXPECT_THAT(index_->view().products_of_media(7), ElementsAre("M2"));
}

TEST_F(Walk, WhatACompleteListingLacksLeaves) {
  walk({{{line(1, 5), line(2, 6)}}});
  EXPECT_EQ(walk({{{line(2, 6)}}}).removed, 1u);
  EXPECT_EQ(index_->view().product("M1"), std::nullopt);
  EXPECT_THAT(index_->view().products_of_media(5), IsEmpty());
}

TEST_F(Walk, ACutListingAddsAndRemovesNothing) {
  walk({{{line(1, 5), line(2, 6)}}});
  const RunReport::Products cut = walk({{{line(3, 7)}}}, Listing::State::cut);
  EXPECT_FALSE(cut.complete);
  EXPECT_EQ(cut.removed, 0u);
  EXPECT_EQ(index_->view().product_count(), 3u);
}

TEST_F(Walk, SeveralListingsAreOneWhole) {
  walk({{{line(1, 5)}}, {{line(2, 6)}}, {{line(1, 5), line(3, 7)}}});
  EXPECT_EQ(index_->view().product_count(), 3u);
  EXPECT_EQ(walk({{{line(1, 5)}}, {{line(3, 7)}}}).removed, 1u);
}

TEST_F(Walk, WhatCannotBeUnderstoodIsCounted) {
  const RunReport::Products report =
      walk({{{line(1, 5), R"({"id":""})", fmt::format(R"({{"id":"M{}"}})", std::string(500, '1'))}}});
  EXPECT_EQ(report.malformed, 2u);
  EXPECT_EQ(report.changed, 1u);
}

}  // namespace
}  // namespace medimirror
