#include "base/media.h"

#include <gtest/gtest.h>

namespace medimirror {
namespace {

MediaItem photo() {
  MediaItem item;
  item.id = 5;
  item.kind = MediaKind::photo;
  item.formats = {{"huge", "photo-huge"}, {"large", "photo-large"}};
  item.locales = {"nl"};
  item.updated_at = 200;
  return item;
}

MediaItem frontal() {
  MediaItem item;
  item.id = 5;
  item.kind = MediaKind::frontal;
  item.photo_type = "packshot";
  item.formats = {{"huge", "frontal-huge"}, {"hugePng", "frontal-png"}};
  item.locales = {"fr", "nl"};
  item.updated_at = 100;
  return item;
}

// The order in which the two are listed must not matter.
TEST(MediaTest, FrontalWinsWhicheverComesFirst) {
  for (const bool frontal_first : {false, true}) {
    MediaItem into = frontal_first ? frontal() : photo();
    merge(into, frontal_first ? photo() : frontal());
    EXPECT_EQ(into.kind, MediaKind::frontal);
    EXPECT_EQ(into.photo_type, "packshot");
    ASSERT_NE(into.format("huge"), nullptr);
    EXPECT_EQ(into.format("huge")->url, "frontal-huge");
    ASSERT_NE(into.format("large"), nullptr) << "formats are joined";
    EXPECT_EQ(into.format("large")->url, "photo-large");
    EXPECT_EQ(into.formats.size(), 3u);
    EXPECT_EQ(into.locales.size(), 2u) << "each locale once";
    EXPECT_EQ(into.updated_at, 200);
  }
}

TEST(MediaTest, AnUnknownKindLearnsFromTheOther) {
  MediaItem into = photo();
  into.kind = MediaKind::unknown;
  merge(into, photo());
  EXPECT_EQ(into.kind, MediaKind::photo);
}

TEST(MediaTest, KindsHaveNames) {
  for (const MediaKind kind : {MediaKind::photo, MediaKind::frontal, MediaKind::link})
    EXPECT_EQ(parse_media_kind(name_of(kind)), kind);
  EXPECT_FALSE(parse_media_kind("unknown"));
  EXPECT_FALSE(parse_media_kind("Photo"));
}

}  // namespace
}  // namespace medimirror
