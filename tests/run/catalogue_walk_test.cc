#include "run/catalogue_walk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "store/index.h"
#include "support/scripted_listing.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

using testing::HasSubstr;

struct Walked {
  std::string doubt;
  std::vector<MediaId> seen;
  std::uint64_t unparsable = 0;
};

struct CatalogueWalkTest : testing::Test {
  TemporaryFolder folder;
  std::unique_ptr<Index> index = Index::open(folder / "index", {});

  Walked walk(const std::vector<std::vector<std::string>>& batches, std::uint64_t total,
              Listing::Mode mode = Listing::Mode::stream) {
    const IndexView view = index->view();
    CatalogueWalk walk(view, CatalogueWalk::Look::at_changed);
    ScriptedListing listing(batches);
    std::vector<ListedItem> batch;
    std::vector<ListedUpdate> changed;
    for (std::size_t i = 0; i < batches.size(); ++i) {
      listing.advance({});
      while (listing.take(batch)) walk.absorb(batch, changed);
    }
    walk.finish(changed);
    return {walk.doubt(total, mode), walk.take_seen(), walk.unparsable()};
  }
};

std::string photo(MediaId id) {
  return ScriptedListing::photo(id);
}
std::string frontal(MediaId id) {
  return fmt::format(R"({{"id":{},"type":"frontal","formats":{{}}}})", id);
}

TEST_F(CatalogueWalkTest, IsWholeWithAsManyDifferentRowsAsWerePromised) {
  EXPECT_EQ(walk({{photo(1), photo(2), photo(3)}}, 3).doubt, "");
  EXPECT_EQ(walk({{photo(1)}, {photo(2)}, {photo(3)}}, 3).doubt, "");
  EXPECT_EQ(walk({}, 0).doubt, "");
  EXPECT_EQ(walk({{photo(3), photo(1), photo(2)}}, 3).doubt, "");
}

// Each row is counted; who sends a hundred thousand of one id does not make us join them all.
TEST_F(CatalogueWalkTest, CountlessRowsOfOneIdCostNoMoreThanAFew) {
  const IndexView view = index->view();
  std::vector<std::string> rows;
  for (int i = 0; i < 20'000; ++i)
    rows.push_back(fmt::format(R"({{"id":7,"type":"photo","formats":{{"f{}":"/m/{}.png"}}}})", i, i));
  for (const bool torn : {false, true}) {
    CatalogueWalk walk(view, CatalogueWalk::Look::at_changed);
    ScriptedListing listing(torn ? std::vector<std::vector<std::string>>{{rows.begin(), rows.begin() + 9'000},
                                                                         {rows.begin() + 9'000, rows.end()}}
                                 : std::vector<std::vector<std::string>>{rows});
    std::vector<ListedItem> batch;
    std::vector<ListedUpdate> changed;
    for (int i = 0; i < 2; ++i) {
      listing.advance({});
      while (listing.take(batch)) walk.absorb(batch, changed);
    }
    walk.finish(changed);
    ASSERT_EQ(changed.size(), 1u);
    EXPECT_LE(changed[0].item.formats.size(), 32u);
    EXPECT_GE(changed[0].item.formats.size(), 16u);
    EXPECT_LE(changed[0].bytes, 32 * rows.back().size());
    EXPECT_EQ(walk.doubt(20'000, Listing::Mode::stream), "");
  }
}

// As photo and as frontal: two rows.
TEST_F(CatalogueWalkTest, TwinsAreTwoRows) {
  EXPECT_EQ(walk({{photo(1), frontal(1), photo(2)}}, 3).doubt, "");
  EXPECT_EQ(walk({{photo(1)}, {frontal(1), photo(2)}}, 3).doubt, "");
}

TEST_F(CatalogueWalkTest, ARowThatComesTwiceHidesAnother) {
  for (const auto& batches : std::vector<std::vector<std::vector<std::string>>>{
           {{photo(1), photo(1), photo(3)}},
           {{photo(1)}, {photo(1), photo(3)}},
           {{photo(1), photo(3), photo(1)}},
           {{photo(1), photo(3)}, {photo(1)}},
           {{photo(3), photo(1), photo(3)}},
       }) {
    const Walked walked = walk(batches, 3);
    EXPECT_THAT(walked.doubt, HasSubstr("of 3 items"));
    EXPECT_THAT(walked.doubt, HasSubstr("2 different ones"));
    EXPECT_EQ(walked.seen, (std::vector<MediaId>{1, 3}));
  }
}

TEST_F(CatalogueWalkTest, PagesMayRepeatARowWhereTheirWindowsMeet) {
  EXPECT_EQ(walk({{photo(1), photo(3)}, {photo(1)}}, 3, Listing::Mode::query).doubt, "");
  EXPECT_NE(walk({{photo(1), photo(1), photo(3)}}, 3, Listing::Mode::query).doubt, "");
}

TEST_F(CatalogueWalkTest, WhatCannotBeReadDidNotCome) {
  const Walked walked =
      walk({{photo(1), R"({"id":2,"type":"photo","formats":{"huge":"/a.jpg"},"x":1e999})", photo(3)}}, 3);
  EXPECT_EQ(walked.unparsable, 1u);
  EXPECT_THAT(walked.doubt, HasSubstr("2 different ones"));
}

}  // namespace
}  // namespace medimirror
