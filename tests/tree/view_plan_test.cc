#include "tree/view_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "tree/journal.h"
#include "tree/view_fixture.h"

namespace medimirror {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

class Views : public testing::Test, public ViewFixture {
 protected:
  void SetUp() override { views.views = {view_of("by-cnk", "{cnk}/{cnk}_{n}.{ext}")}; }

  void expect_no_change() {
    const PublishResult result = publish_views();
    EXPECT_EQ(result.added + result.replaced + result.removed, 0u);
  }
};

TEST_F(Views, FilesAreNamedByCodeAndNumber) {
  picture(10, "a");
  picture(11, "b");
  put_product("M1", "0012345", {11, 10});
  const PublishResult result = publish_views();
  EXPECT_EQ(result.added, 4u);
  EXPECT_EQ(result.files, 4u);
  EXPECT_THAT(files_of("by-cnk"),
              ElementsAre(Pair("0012345/0012345_1.jpg", "b"), Pair("0012345/0012345_2.jpg", "a")));
  EXPECT_THAT(files_of("huge"), SizeIs(2));
  EXPECT_THAT(lines_of(media("manifest.jsonl")), SizeIs(4));
  EXPECT_EQ(index->view().published({11, "by-cnk/M1"})->path, "by-cnk/0012345/0012345_1.jpg");
  EXPECT_EQ(outcome.views, std::vector<ViewSummary>({{.name = "by-cnk", .files = 2, .products = 1}}));
  expect_no_change();
}

TEST_F(Views, ANewPictureMovesNobodyAndAGapWaits) {
  picture(10, "a");
  picture(11, "b");
  put_product("M1", "0012345", {10, 11});
  publish_views();
  picture(5, "front", MediaKind::frontal);
  put_product("M1", "0012345", {5, 10, 11});
  publish_views();
  EXPECT_THAT(files_of("by-cnk"),
              ElementsAre(Pair("0012345/0012345_1.jpg", "a"), Pair("0012345/0012345_2.jpg", "b"),
                          Pair("0012345/0012345_3.jpg", "front")));
  retire(10, "huge");
  picture(12, "c");
  put_product("M1", "0012345", {5, 11, 12});
  publish_views();
  EXPECT_THAT(files_of("by-cnk"),
              ElementsAre(Pair("0012345/0012345_2.jpg", "b"), Pair("0012345/0012345_3.jpg", "front"),
                          Pair("0012345/0012345_4.jpg", "c")));
  now += 14 * kDay;
  picture(13, "d");
  put_product("M1", "0012345", {5, 11, 12, 13});
  publish_views();
  EXPECT_THAT(files_of("by-cnk"),
              ElementsAre(Pair("0012345/0012345_1.jpg", "d"), Pair("0012345/0012345_2.jpg", "b"),
                          Pair("0012345/0012345_3.jpg", "front"), Pair("0012345/0012345_4.jpg", "c")));
  expect_no_change();
}

TEST_F(Views, PickSaysWhichAndInWhichOrder) {
  views.views[0].pick = {"frontal", "packshot", "productshot"};
  views.views[0].max_per_product = 3;
  picture(10, "pill", MediaKind::photo, "pillshot");
  picture(11, "product", MediaKind::photo, "productshot");
  picture(12, "pack");
  picture(13, "front", MediaKind::frontal, "productshot");
  picture(14, "pack2");
  put_product("M1", "1", {10, 11, 12, 13, 14});
  publish_views();
  EXPECT_THAT(files_of("by-cnk"),
              ElementsAre(Pair("1/1_1.jpg", "front"), Pair("1/1_2.jpg", "pack"), Pair("1/1_3.jpg", "pack2")));
  EXPECT_EQ(outcome.views[0].over_limit, 1u);
}

TEST_F(Views, DisplayOrderCountsWithinAKind) {
  for (const MediaId id : {10, 11, 12}) picture(id, std::to_string(id));
  Product product;
  product.id = "M1";
  product.cnk = "1";
  product.media = {{10, MediaKind::photo, {}},
                   {11, MediaKind::photo, 2},
                   {12, MediaKind::photo, 1},
                   {10, MediaKind::frontal, 9}};
  put_product(product);
  publish_views();
  EXPECT_THAT(files_of("by-cnk"),
              ElementsAre(Pair("1/1_1.jpg", "10"), Pair("1/1_2.jpg", "12"), Pair("1/1_3.jpg", "11")));
}

TEST_F(Views, APictureOfTwoProductsIsInBoth) {
  picture(10, "a");
  put_product("M1", "1", {10});
  put_product("M2", "2", {10});
  publish_views();
  EXPECT_THAT(files_of("by-cnk"), ElementsAre(Pair("1/1_1.jpg", "a"), Pair("2/2_1.jpg", "a")));
  put_product("M1", "1", {});
  publish_views();
  EXPECT_THAT(files_of("by-cnk"), ElementsAre(Pair("2/2_1.jpg", "a")));
}

TEST_F(Views, AProductWithoutACodeIsCountedAndNamed) {
  picture(10, "a");
  put_product("M1", "", {10});
  put_product("M2", "", {});
  publish_views();
  EXPECT_THAT(files_of("by-cnk"), IsEmpty());
  EXPECT_EQ(outcome.views[0].without_code, 1u);
  EXPECT_THAT(
      notes_of(outcome.views[0]),
      ElementsAre(AllOf(HasSubstr("1 product has pictures but not the code"), HasSubstr("such as M1"))));
  EXPECT_THAT(outcome.clashes, IsEmpty());
}

TEST_F(Views, EachEanHasItsFile) {
  views.views = {view_of("by-ean", "{ean}_{n}.{ext}")};
  picture(10, "a");
  put_product("M1", "", {10}, {"5400000000010", "05400000000010", "36000291452"});
  publish_views();
  EXPECT_THAT(files_of("by-ean"),
              ElementsAre(Pair("36000291452_1.jpg", "a"), Pair("5400000000010_1.jpg", "a")));
  expect_no_change();
}

TEST_F(Views, ASharedCodeIsOneProductsAndTheClashIsReported) {
  views.views = {view_of("by-ean", "{ean}_{n}.{ext}")};
  for (const MediaId id : {10, 11, 12}) picture(id, std::to_string(id));
  put_product("M1", "", {10}, {"5400000000010"}, "replaced");
  put_product("M2", "", {11}, {"5400000000010"});
  put_product("M3", "", {12, 10}, {"5400000000010"});
  publish_views();
  EXPECT_THAT(files_of("by-ean"), ElementsAre(Pair("5400000000010_1.jpg", "11")));
  EXPECT_EQ(outcome.views[0].clashes, 2u);
  EXPECT_THAT(outcome.clashes,
              ElementsAre(AllOf(HasSubstr("5400000000010"), HasSubstr("M2"), HasSubstr("M3")),
                          AllOf(HasSubstr("5400000000010"), HasSubstr("M2"), HasSubstr("M1"))));
  expect_no_change();
  views.views = {view_of("by-ean", "{ean}/{product}_{n}.{ext}")};
  publish_views();
  EXPECT_THAT(files_of("by-ean"), SizeIs(4));
  EXPECT_THAT(outcome.clashes, IsEmpty());
}

TEST_F(Views, WhoHoldsACodeKeepsItFromAnotherThatClaimsIt) {
  views.views = {view_of("by-ean", "{ean}_{n}.{ext}"), view_of("by-cnk", "{cnk}.{ext}")};
  for (const MediaId id : {10, 11}) picture(id, std::to_string(id));
  put_product("M5", "1000025", {10}, {"5400000000010"});
  put_product("M1", "1000012", {11}, {"5400000000027"});
  publish_views();
  put_product("M1", "1000025", {11}, {"5400000000010"});  // typed wrong, by a product of a lower id
  publish_views();
  EXPECT_THAT(files_of("by-ean"), ElementsAre(Pair("5400000000010_1.jpg", "10")));
  EXPECT_THAT(files_of("by-cnk"), ElementsAre(Pair("1000025.jpg", "10")));
  EXPECT_EQ(outcome.clashes.size(), 2u);
  expect_no_change();
  picture(10, "10 in a later version");
  publish_views();
  EXPECT_THAT(files_of("by-ean"), ElementsAre(Pair("5400000000010_1.jpg", "10 in a later version")));

  put_product("M5", "1000025", {10}, {"5400000000010"}, "inactive");  // the service says who follows
  publish_views();
  EXPECT_THAT(files_of("by-ean"), ElementsAre(Pair("5400000000010_1.jpg", "11")));
}

TEST_F(Views, ACodeSharedWithAProductWithoutPicturesIsNoClash) {
  views.views = {view_of("by-ean", "{ean}_{n}.{ext}")};
  picture(10, "a");
  put_product("M1", "", {}, {"5400000000010"});
  put_product("M2", "", {10}, {"5400000000010"});
  publish_views();
  EXPECT_THAT(files_of("by-ean"), ElementsAre(Pair("5400000000010_1.jpg", "a")));
  EXPECT_THAT(outcome.clashes, IsEmpty());
}

TEST_F(Views, TwoThatAskForOnePathAreAClash) {
  views.views = {view_of("one", "{cnk}.{ext}")};
  picture(10, "a");
  picture(11, "b");
  picture(12, "a");  // the same bytes: whoever looks there finds its picture
  put_product("M1", "1", {10, 11, 12});
  publish_views();
  EXPECT_THAT(files_of("one"), ElementsAre(Pair("1.jpg", "a")));
  EXPECT_THAT(outcome.clashes, ElementsAre(AllOf(HasSubstr("media 11 of product M1"), HasSubstr("media 10"),
                                                 HasSubstr("one/1.jpg"))));
  expect_no_change();
}

TEST_F(Views, IdsThatDifferInCaseAloneAreAClash) {
  views.views = {view_of("v", "{product}_{n}.{ext}")};
  picture(10, "a");
  picture(11, "b");
  put_product("Ma", "1", {10});
  put_product("MA", "2", {11});
  publish_views();
  EXPECT_THAT(files_of("v"), ElementsAre(Pair("ma_1.jpg", "b")));
  EXPECT_THAT(outcome.clashes, ElementsAre(HasSubstr("media 10 of product Ma")));
}

TEST_F(Views, WhatCanHaveNoNameIsReported) {
  picture(10, "a");
  put_product("M1", "12/3", {10});
  publish_views();
  EXPECT_THAT(files_of("by-cnk"), IsEmpty());
  EXPECT_EQ(outcome.views[0].clashes, 1u);
  EXPECT_THAT(outcome.clashes, ElementsAre(AllOf(HasSubstr("media 10 of product M1"), HasSubstr("12/3"))));
}

TEST_F(Views, ADerivativeStandsForThePicture) {
  Recipe recipe;
  recipe.name = "square";
  recipe.width = recipe.height = 10;
  options.recipes = {recipe};
  views.views[0].recipe = recipe;
  const Digest a = picture(10, "a");
  picture(11, "b");
  put_product("M1", "1", {10, 11});
  {
    IndexGroup group = index->group();
    group.put_derivative({a, recipe.key()}, keep(group, "small a", ImageFormat::webp));
    group.commit();
  }
  publish_views();
  EXPECT_THAT(files_of("by-cnk"), ElementsAre(Pair("1/1_1.webp", "small a")));
  EXPECT_EQ(outcome.views[0].without_derivative, 1u);
}

TEST_F(Views, APathGoesFromOneToAnother) {
  views.views = {view_of("best", "{cnk}.{ext}")};
  views.views[0].max_per_product = 1;
  picture(20, "photo");
  put_product("M1", "1", {20});
  publish_views();
  picture(10, "front", MediaKind::frontal);  // a lower id and, below, a higher one
  put_product("M1", "1", {10, 20});
  options.remove = false;  // a path that changes hands cannot be withheld
  PublishPlan plan = plan_publish(options, index->view());
  EXPECT_EQ(plan.added, 1u);  // without the views, their files stay
  publish_views();
  EXPECT_THAT(files_of("best"), ElementsAre(Pair("1.jpg", "front")));
  options.remove = true;
  expect_no_change();
  retire(10, "huge");
  put_product("M1", "1", {20});
  publish_views();
  EXPECT_THAT(files_of("best"), ElementsAre(Pair("1.jpg", "photo")));
  EXPECT_EQ(index->view().published_count(), 2u);
  EXPECT_THAT(lines_of(media("manifest.jsonl")), SizeIs(2));
  expect_no_change();
}

TEST_F(Views, APathThatChangesHandsIsNotCountedAsRemoved) {
  views.views = {view_of("best", "{cnk}.{ext}")};
  views.views[0].max_per_product = 1;
  picture(10, "photo");
  put_product("M1", "1", {10});
  publish_views();
  picture(20, "front", MediaKind::frontal);
  put_product("M1", "1", {10, 20});
  const IndexView view = index->view();
  ViewPlan planned(views, view, options.changes_file, now);
  const PublishPlan plan = plan_publish(options, view, &planned.claims());
  EXPECT_EQ(plan.removed, 1u);
  EXPECT_EQ(plan.handed_over, 1u);
  EXPECT_EQ(plan.went_along, 0u);
}

TEST_F(Views, APathGoesBackWithAnEarlierTree) {
  views.views = {view_of("best", "{cnk}.{ext}")};
  views.views[0].max_per_product = 1;
  picture(20, "photo");
  put_product("M1", "1", {20});
  publish_views();
  std::vector<std::pair<AssetKey, PublishedRecord>> earlier;
  index->view().each_published([&](const AssetKey& key, const PublishedRecord& record) {
    earlier.emplace_back(key, record);
    return true;
  });
  for (const MediaId id : {10, 30}) {  // before and after it in the order of the plan
    picture(id, "front", MediaKind::frontal);
    put_product("M1", "1", {id, 20});
    publish_views();
    ASSERT_THAT(files_of("best"), ElementsAre(Pair("1.jpg", "front")));
    std::size_t at = 0;
    const TreeSource tree = [&](AssetKey& key, PublishedRecord& record) {
      if (at == earlier.size()) return false;
      std::tie(key, record) = earlier[at++];
      return true;
    };
    execute_publish(options, plan_tree(options, index->view(), tree), *index, *blobs);
    EXPECT_THAT(files_of("best"), ElementsAre(Pair("1.jpg", "photo")));
    EXPECT_THAT(lines_of(media("manifest.jsonl")), SizeIs(2));
  }
}

TEST_F(Views, FilesOfARetiredPictureGoAlong) {
  picture(10, "a");
  picture(11, "b");
  put_product("M1", "1", {10, 11});
  publish_views();
  retire(10, "huge");
  const IndexView view = index->view();
  ViewPlan planned(views, view, options.changes_file, now);
  const PublishPlan plan = plan_publish(options, view, &planned.claims());
  EXPECT_EQ(plan.removed, 2u);
  EXPECT_EQ(plan.went_along, 1u);
}

TEST_F(Views, AViewThatIsGoneTakesItsFilesAlong) {
  picture(10, "a");
  put_product("M1", "1", {10});
  publish_views();
  views.views.clear();
  options.remove = false;
  publish_views();
  EXPECT_THAT(files_of("by-cnk"), SizeIs(1));
  options.remove = true;
  EXPECT_EQ(publish_views().removed, 1u);
  EXPECT_THAT(tree(), ElementsAre("huge/", "huge/0/", "huge/0/10.jpg"));
  // its number is kept for the grace period, and then forgotten
  EXPECT_THAT(index->view().view_numbers("by-cnk", "M1"), ElementsAre(Pair(10, ViewNumber{1, now})));
  now += 14 * kDay;
  publish_views();
  EXPECT_THAT(index->view().view_numbers("by-cnk", "M1"), IsEmpty());
}

TEST_F(Views, AProductThatReturnsHasItsNumbersAgain) {
  picture(10, "a");
  picture(11, "b");
  put_product("M1", "1", {11, 10});
  publish_views();
  remove_product("M1");
  publish_views();
  EXPECT_THAT(files_of("by-cnk"), IsEmpty());
  now += kDay;
  put_product("M1", "1", {10, 11});
  publish_views();
  EXPECT_THAT(files_of("by-cnk"), ElementsAre(Pair("1/1_1.jpg", "b"), Pair("1/1_2.jpg", "a")));
}

TEST_F(Views, AListOfCodesShowsItsProductsOnly) {
  picture(10, "a");
  put_product("M1", "1", {10});
  put_product("M2", "2", {10});
  views.products = {"M2", "M3"};
  publish_views();
  EXPECT_THAT(files_of("by-cnk"), ElementsAre(Pair("2/2_1.jpg", "a")));
}

TEST_F(Views, WithoutAPlanTheirFilesStay) {
  picture(10, "a");
  put_product("M1", "1", {10});
  publish_views();
  picture(10, "a2");
  publish();
  EXPECT_THAT(files_of("by-cnk"), ElementsAre(Pair("1/1_1.jpg", "a")));
  EXPECT_THAT(files_of("huge"), ElementsAre(Pair("0/10.jpg", "a2")));
  EXPECT_TRUE(index->view().views_are_stale());
  publish_views();
  EXPECT_THAT(files_of("by-cnk"), ElementsAre(Pair("1/1_1.jpg", "a2")));
}

TEST_F(Views, AViewOfPicturesNeedsNoProducts) {
  views.views = {view_of("flat", "{kind}-{id}.{ext}")};
  views.views[0].pick = {"frontal"};
  picture(10, "a");
  picture(11, "b", MediaKind::frontal);
  publish_views();
  EXPECT_THAT(files_of("flat"), ElementsAre(Pair("frontal-11.jpg", "b")));
  EXPECT_EQ(index->view().published({11, "flat/"})->path, "flat/frontal-11.jpg");
  expect_no_change();
}

TEST_F(Views, EqualPicturesOfAProductAreHidden) {
  views.views[0].near_duplicates = View::NearDuplicates::hide;
  picture(10, "same");
  picture(11, "other");
  picture(12, "same", MediaKind::frontal);
  put_product("M1", "1", {10, 11, 12});
  put_product("M2", "2", {10});  // of another product it is no duplicate
  publish_views();
  EXPECT_THAT(files_of("by-cnk"),
              ElementsAre(Pair("1/1_1.jpg", "same"), Pair("1/1_2.jpg", "other"), Pair("2/2_1.jpg", "same")));
  EXPECT_EQ(index->view().published({12, "by-cnk/M1"})->path, "by-cnk/1/1_1.jpg");
  EXPECT_EQ(outcome.views[0].near_duplicates, 1u);
  views.views[0].near_duplicates = View::NearDuplicates::report;
  publish_views();
  EXPECT_THAT(files_of("by-cnk"), SizeIs(4));
  EXPECT_EQ(outcome.views[0].near_duplicates, 1u);
  EXPECT_THAT(notes_of(outcome.views[0]),
              testing::Contains(HasSubstr("media 10 like media 12 of product M1")));
}

TEST_F(Views, PicturesThatLookAlikeAreHiddenAndKeepTheirNumbers) {
  const auto set_print = [&](const Digest& digest, std::uint8_t light, std::uint32_t edge) {
    PrintCells cells;
    cells.light.fill(light);
    cells.blue.fill(128);
    cells.red.fill(128);
    IndexGroup group = index->group();
    BlobRecord blob = *group.blob(digest);
    blob.info.print = pack(cells);
    blob.info.width = blob.info.height = edge;
    group.put_blob(digest, blob);
    group.commit();
  };
  set_print(picture(10, "small"), 50, 500);
  set_print(picture(11, "other"), 200, 1500);
  set_print(picture(12, "large"), 50, 1500);
  put_product("M1", "1", {10, 11, 12});
  publish_views();
  EXPECT_THAT(files_of("by-cnk"), ElementsAre(Pair("1/1_1.jpg", "small"), Pair("1/1_2.jpg", "other"),
                                              Pair("1/1_3.jpg", "large")));
  views.views[0].near_duplicates = View::NearDuplicates::hide;
  now += 30 * kDay;
  publish_views();
  EXPECT_THAT(files_of("by-cnk"), ElementsAre(Pair("1/1_2.jpg", "other"), Pair("1/1_3.jpg", "large")));
  set_print(picture(13, "new"), 120, 1500);
  put_product("M1", "1", {10, 11, 12, 13});
  now += 30 * kDay;
  publish_views();  // the hidden one's number is not given away
  EXPECT_THAT(files_of("by-cnk"),
              ElementsAre(Pair("1/1_2.jpg", "other"), Pair("1/1_3.jpg", "large"), Pair("1/1_4.jpg", "new")));
}

TEST_F(Views, APublishThatWasKilledIsFinished) {
  views.views = {view_of("best", "{cnk}.{ext}")};
  views.views[0].max_per_product = 1;
  picture(10, "photo");
  put_product("M1", "1", {10});
  publish_views();
  // It had placed the frontal's file, and died before it told the index; now the frontal is gone again.
  picture(20, "front", MediaKind::frontal);
  put_product("M1", "1", {10, 20});
  {
    const IndexView view = index->view();
    ViewPlan planned(views, view, options.changes_file, now);
    PublishPlan plan = plan_publish(options, view, &planned.claims());
    plan.journal->seal();
  }
  std::filesystem::remove(media("best/1.jpg"));
  replace_file(media("best/1.jpg"), "front");
  retire(20, "huge");
  publish_views();
  EXPECT_THAT(files_of("best"), ElementsAre(Pair("1.jpg", "photo")));
  EXPECT_THAT(files_of("huge"), ElementsAre(Pair("0/10.jpg", "photo")));
  expect_no_change();
}

TEST(ViewOutcomeText, ComesBackAsItWas) {
  const ViewOutcome outcome{{{"by-cnk", 1, 2, 3, 4, 5, 6, 7, true, {"M1"}, {"x"}}, {.name = "b"}},
                            {"a \"clash\""}};
  EXPECT_EQ(parse_view_outcome(to_json(outcome)), outcome);
  EXPECT_EQ(parse_view_outcome(""), ViewOutcome{});
  EXPECT_EQ(parse_view_outcome("{\"views\":[{}]}"), ViewOutcome{});
}

TEST(ViewSetFingerprint, SeesEachSetting) {
  const ViewSet base{.views = {view_of("v", "{cnk}_{n}.{ext}")}};
  std::set<std::string> seen{fingerprint(base)};
  const auto differs = [&](auto change) {
    ViewSet other = base;
    change(other);
    return seen.insert(fingerprint(other)).second;
  };
  EXPECT_TRUE(differs([](ViewSet& set) { set.views[0].name = "w"; }));
  EXPECT_TRUE(differs([](ViewSet& set) { set.views[0].path = view_path("{cnk}-{n}.{ext}"); }));
  EXPECT_TRUE(differs([](ViewSet& set) { set.views[0].format = "large"; }));
  EXPECT_TRUE(differs([](ViewSet& set) { set.views[0].recipe.emplace(); }));
  EXPECT_TRUE(differs([](ViewSet& set) { set.views[0].recipe.emplace().name = "x"; }));
  EXPECT_TRUE(differs([](ViewSet& set) { set.views[0].pick = {"frontal"}; }));
  EXPECT_TRUE(differs([](ViewSet& set) { set.views[0].max_per_product = 8; }));
  EXPECT_TRUE(differs([](ViewSet& set) { set.views[0].near_duplicates = View::NearDuplicates::hide; }));
  EXPECT_TRUE(differs([](ViewSet& set) { set.products = {"M1"}; }));
  EXPECT_TRUE(differs([](ViewSet& set) { set.products.emplace(); }));
  EXPECT_TRUE(differs([](ViewSet& set) { set.views.clear(); }));
  EXPECT_EQ(fingerprint(ViewSet{}), "");
}

}  // namespace
}  // namespace medimirror
