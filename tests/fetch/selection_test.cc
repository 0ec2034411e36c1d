#include "fetch/selection.h"

#include <gtest/gtest.h>

#include <set>

namespace medimirror {
namespace {

Selection selection_of(std::vector<std::string> formats, bool fallback = true) {
  Selection selection;
  selection.kinds = {MediaKind::photo, MediaKind::frontal};
  selection.formats = std::move(formats);
  selection.fallback = fallback;
  selection.media_base = *parse_url("https://media.medipim.be/");
  return selection;
}

MediaItem item_with(std::vector<std::string> keys, MediaKind kind = MediaKind::photo) {
  MediaItem item;
  item.id = 7;
  item.kind = kind;
  for (std::string& key : keys) item.formats.push_back({key, "media/" + key + "/7.jpeg"});
  return item;
}

struct FallbackRow {
  const char* name;
  const char* asked;
  std::vector<std::string> given;
  const char* got;  // empty: filtered
};

class FallbackTest : public testing::TestWithParam<FallbackRow> {};

TEST_P(FallbackTest, TakesTheNextBest) {
  const FallbackRow& row = GetParam();
  const SelectedMedia selected = select(selection_of({row.asked}), item_with(row.given));
  if (*row.got == '\0') {
    EXPECT_TRUE(selected.assets.empty());
    EXPECT_EQ(selected.filtered, std::vector<std::string>{row.asked});
    return;
  }
  ASSERT_EQ(selected.assets.size(), 1u);
  EXPECT_EQ(selected.assets[0].key.format, row.asked) << "published under the name that was asked for";
  EXPECT_EQ(selected.assets[0].source_format, row.got);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, FallbackTest,
    testing::Values(FallbackRow{"exact", "huge", {"thumbnail", "huge", "hugePng"}, "huge"},
                    FallbackRow{"same_size_png", "huge", {"large", "hugePng"}, "hugePng"},
                    FallbackRow{"png_before_webp", "huge", {"hugeWebp", "hugePng"}, "hugePng"},
                    FallbackRow{"next_smaller", "huge", {"medium", "large"}, "large"},
                    FallbackRow{"two_smaller", "huge", {"thumbnail", "mediumJpeg"}, "mediumJpeg"},
                    FallbackRow{"never_larger", "medium", {"huge", "large"}, ""},
                    FallbackRow{"keeps_the_encoding", "hugeWebp", {"large", "largeWebp"}, "largeWebp"},
                    FallbackRow{"unknown_key_exact", "poster", {"poster", "huge"}, "poster"},
                    FallbackRow{"unknown_key_absent", "poster", {"huge"}, ""},
                    FallbackRow{"unknown_given_keys_are_not_sizes", "huge", {"hugeness"}, ""},
                    FallbackRow{"nothing_given", "huge", {}, ""}),
    [](const auto& row) { return row.param.name; });

TEST(SelectionTest, OnlyTheMediaOfAListOfCodesAreWanted) {
  Selection selection = selection_of({"huge", "large"});
  const std::string all = selection.fingerprint();
  selection.media_ids = {3, 7};
  EXPECT_EQ(select(selection, item_with({"huge", "large"})).assets.size(), 2u);
  const std::string some = selection.fingerprint();
  selection.media_ids = {3, 8};
  const SelectedMedia other = select(selection, item_with({"huge", "large"}));
  EXPECT_TRUE(other.assets.empty());
  EXPECT_EQ(other.filtered.size(), 2u);
  const std::string others = selection.fingerprint();
  selection.media_ids->clear();
  EXPECT_FALSE(selection.wants(7)) << "an empty list wants nothing";
  EXPECT_EQ(std::set({all, some, others, selection.fingerprint()}).size(), 4u);
}

TEST(SelectionTest, WithoutFallbackOnlyTheExactKeyCounts) {
  const SelectedMedia selected = select(selection_of({"huge"}, false), item_with({"hugePng", "large"}));
  EXPECT_TRUE(selected.assets.empty());
  EXPECT_EQ(selected.filtered.size(), 1u);
}

TEST(SelectionTest, RelativeUrlsAreResolvedAndAbsoluteOnesFollowed) {
  MediaItem item = item_with({});
  item.formats = {{"huge", "/media/huge/7.jpeg"},
                  {"large", "https://assets.medipim.be/media/large/ab.jpeg?v=2"}};
  const SelectedMedia selected = select(selection_of({"huge", "large"}), item);
  ASSERT_EQ(selected.assets.size(), 2u);
  EXPECT_EQ(selected.assets[0].url, "https://media.medipim.be/media/huge/7.jpeg");
  EXPECT_EQ(selected.assets[1].url, "https://assets.medipim.be/media/large/ab.jpeg?v=2");
}

TEST(SelectionTest, LinksAreNotPictures) {
  MediaItem link;
  link.id = 8;
  link.kind = MediaKind::link;
  const SelectedMedia selected = select(selection_of({"huge"}), link);
  EXPECT_TRUE(selected.is_link);
  EXPECT_TRUE(selected.assets.empty());
  EXPECT_TRUE(selected.filtered.empty());
}

TEST(SelectionTest, AKindThatIsNotWantedIsFilteredInEveryFormat) {
  Selection selection = selection_of({"huge", "large"});
  selection.kinds = {MediaKind::frontal};
  EXPECT_EQ(select(selection, item_with({"huge", "large"})).filtered.size(), 2u);
  const SelectedMedia frontal = select(selection, item_with({"large"}, MediaKind::frontal));
  EXPECT_EQ(frontal.assets.size(), 2u) << "huge falls back to large";
}

TEST(SelectionTest, AnItemWithoutATypeIsAPictureWhenItHasFormats) {
  EXPECT_EQ(select(selection_of({"huge"}), item_with({"huge"}, MediaKind::unknown)).assets.size(), 1u);
}

TEST(SelectionTest, EveryFormatAskedForIsEitherSelectedOrFiltered) {
  for (const MediaKind kind : {MediaKind::unknown, MediaKind::photo, MediaKind::frontal})
    for (const auto& given :
         std::vector<std::vector<std::string>>{{}, {"huge"}, {"thumbnail"}, {"mediumWebp", "x"}}) {
      const SelectedMedia selected =
          select(selection_of({"huge", "medium", "poster"}), item_with(given, kind));
      EXPECT_EQ(selected.assets.size() + selected.filtered.size(), 3u);
    }
}

TEST(SelectionTest, TheFingerprintSeesEverySetting) {
  const Selection base = selection_of({"huge"});
  Selection other = base;
  EXPECT_EQ(base.fingerprint(), other.fingerprint());
  other.fallback = false;
  EXPECT_NE(base.fingerprint(), other.fingerprint());
  other = base;
  other.formats = {"huge", "large"};
  EXPECT_NE(base.fingerprint(), other.fingerprint());
  other = base;
  other.kinds = {MediaKind::photo};
  EXPECT_NE(base.fingerprint(), other.fingerprint());
  other = base;
  other.media_base = *parse_url("https://elsewhere.example/");
  EXPECT_NE(base.fingerprint(), other.fingerprint());
}

}  // namespace
}  // namespace medimirror
