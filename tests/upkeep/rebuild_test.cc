#include "upkeep/rebuild.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/error.h"
#include "fetch/plan.h"
#include "history/history.h"
#include "history/undo.h"
#include "support/manual_clock.h"
#include "support/tiny_png.h"
#include "tree/publish_fixture.h"

namespace medimirror {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

namespace fs = std::filesystem;

std::string url_of(MediaId id, int version = 1) {
  return "https://media.medipim.be/media/huge/" + std::to_string(id) + "-" + std::to_string(version) + ".png";
}

class RebuildTest : public testing::Test, public PublishFixture {
 protected:
  RebuildTest() {
    Recipe thumb;
    thumb.name = "thumb";
    thumb.width = thumb.height = 10;
    options.recipes = {thumb};
    for (MediaId id = 1; id <= 30; ++id) mirror(id, id);
    end_run(1);
    for (MediaId id = 1; id <= 5; ++id) mirror(id, 100 + id);
    retire(6, "huge");
    end_run(2);
  }

  fs::path store() const { return folder / "store"; }

  void mirror(MediaId id, std::uint64_t picture) {
    const Digest digest = hold(id, "huge", tiny_png(picture), ImageFormat::png);
    IndexGroup group = index->group();
    AssetRecord asset = *group.asset({id, "huge"});
    asset.url = asset.held_url = url_of(id);
    asset.etag = "\"e" + std::to_string(picture) + "\"";
    asset.attempts.push_back({1000, 1, "fetched", "", 1});
    group.put_asset({id, "huge"}, asset);
    group.put_derivative({digest, options.recipes[0].key()},
                         keep(group, tiny_png(1000 + picture), ImageFormat::png, next_mtime++));
    MediaItem item;
    item.id = id;
    item.kind = MediaKind::photo;
    group.put_media(item);
    group.put_mark(id, {id, id, 1, 0, false});
    group.commit();
  }
  void end_run(RunNumber run) {
    publish();
    keep_history(store(), run, static_cast<UnixSeconds>(1000 * run), index->view());
    IndexGroup group = index->group();
    group.put_run(run, {0, 0, 0, true, "{}"});
    group.commit();
  }

  using Snapshot = std::map<std::string, std::tuple<std::string, std::int64_t, std::uint64_t>>;
  // Contents, times and inodes: nothing at all may be touched.
  Snapshot snapshot() const {
    Snapshot files;
    for (const auto& entry : fs::recursive_directory_iterator(options.media_folder)) {
      if (!entry.is_regular_file()) continue;
      struct stat info {};
      ::stat(entry.path().c_str(), &info);
      const std::string name = fs::relative(entry.path(), options.media_folder);
      const bool list = name == "manifest.jsonl" || name == "SHA256SUMS";
      files[name] = {read_file(entry.path()), list ? 0 : info.st_mtim.tv_sec, list ? 0 : info.st_ino};
    }
    return files;
  }

  std::map<AssetKey, AssetRecord> assets() const {
    std::map<AssetKey, AssetRecord> all;
    index->view().each_asset([&](const AssetKey& key, AssetRecord record) {
      record.attempts.clear();
      all.emplace(key, std::move(record));
      return true;
    });
    return all;
  }

  void lose_index() {
    index.reset();
    fs::remove_all(store() / "index");
  }
  RebuildResult rebuild_it() {
    index.reset();
    const RebuildResult result = rebuild({store(), options}, clock);
    index = Index::open(store() / "index", {});
    return result;
  }
  // What a sync would have to fetch, if the listing still says the same.
  std::size_t to_fetch() const {
    std::size_t requests = 0;
    index->view().each_asset([&](const AssetKey& key, const AssetRecord& record) {
      if (record.state == AssetState::retired) return true;
      const SelectedAsset listed{key, url_of(key.media), "huge"};
      const bool known = record.digest && index->view().blob(*record.digest);
      if (plan_asset(listed, record, known, 0).to_fetch()) ++requests;
      return true;
    });
    return requests;
  }

  ManualClock clock;
};

TEST_F(RebuildTest, ALostIndexComesBackWithEveryRecord) {
  const auto files = snapshot();
  const auto records = assets();
  lose_index();
  const RebuildResult result = rebuild_it();
  EXPECT_EQ(result.catalogue_run, 2u);
  EXPECT_EQ(result.assets, 30u);
  EXPECT_EQ(result.media, 29u);
  EXPECT_EQ(result.without_url, 0u);
  EXPECT_EQ(result.lost, 0u);
  EXPECT_EQ(result.unknown_blobs, 0u);
  EXPECT_THAT(result.notes, IsEmpty());
  EXPECT_EQ(snapshot(), files);
  EXPECT_EQ(assets(), records);
  EXPECT_EQ(to_fetch(), 0u);
  const IndexView view = index->view();
  EXPECT_TRUE(view.unpublished(std::nullopt, 1).empty());
  EXPECT_EQ(view.derivative_count(), 35u);
  EXPECT_EQ(view.last_run()->first, 3u);
  EXPECT_EQ(view.mark(1), ListingMark{});  // the next listing looks at it
  EXPECT_FALSE(view.mark(6).has_value());
}

TEST_F(RebuildTest, ADamagedIndexIsPutAside) {
  const auto files = snapshot();
  index.reset();
  replace_file(store() / "index" / "data.mdb", std::string(100'000, 'x'));
  EXPECT_THROW(Index::open(store() / "index", {}), Error);
  const RebuildResult result = rebuild_it();
  EXPECT_TRUE(fs::exists(result.old_index / "data.mdb"));
  EXPECT_EQ(snapshot(), files);
  EXPECT_EQ(to_fetch(), 0u);
}

TEST_F(RebuildTest, ALostTreeIsTheSameToTheByte) {
  const auto before = snapshot();
  lose_index();
  fs::remove_all(options.media_folder);
  fs::remove(options.changes_file);
  const RebuildResult result = rebuild_it();
  EXPECT_EQ(result.tree, RebuildResult::Tree::kept);
  EXPECT_EQ(snapshot(), before);  // links to the same blobs: even the inodes are the same
}

TEST_F(RebuildTest, WithoutKeptRunsTheManifestIsEnoughForTheTree) {
  const auto before = snapshot();
  lose_index();
  fs::remove_all(store() / "runs");
  const RebuildResult result = rebuild_it();
  EXPECT_EQ(result.catalogue_run, 0u);
  EXPECT_EQ(result.tree, RebuildResult::Tree::manifest);
  EXPECT_EQ(result.without_url, 29u);
  EXPECT_EQ(snapshot(), before);
  EXPECT_EQ(index->view().derivative_count(), 29u);
  EXPECT_EQ(index->view().blob(sha256(tiny_png(101)))->info.format, ImageFormat::png);
  EXPECT_EQ(to_fetch(), 29u);  // nobody knows which version they are
  publish();
  EXPECT_EQ(snapshot(), before);
}

TEST_F(RebuildTest, WhatWasPublishedAfterTheLastKeptRunStays) {
  mirror(40, 40);
  mirror(7, 107);
  publish();  // and killed before it was kept
  const auto before = snapshot();
  lose_index();
  const RebuildResult result = rebuild_it();
  EXPECT_EQ(result.without_url, 2u);
  EXPECT_EQ(snapshot(), before);
  EXPECT_EQ(to_fetch(), 2u);
}

TEST_F(RebuildTest, MissingBytesAreWantedAgainOrTakenBackFromTheTree) {
  const Digest digest = sha256(tiny_png(8));
  blobs->remove(digest);
  lose_index();
  EXPECT_EQ(rebuild_it().taken_back, 1u);  // the tree still had a link
  EXPECT_TRUE(blobs->has(digest));

  blobs->remove(digest);
  fs::remove(media("huge/0/8.png"));
  lose_index();
  const RebuildResult result = rebuild_it();
  EXPECT_EQ(result.lost, 1u);
  ASSERT_EQ(result.notes.size(), 1u);
  EXPECT_THAT(result.notes[0], HasSubstr("huge/0/8.png"));
  EXPECT_EQ(index->view().asset({8, "huge"})->state, AssetState::wanted);
  EXPECT_EQ(to_fetch(), 1u);
}

TEST_F(RebuildTest, ADamagedCatalogueIsPassedOverForAnOlderOne) {
  lose_index();
  replace_file(store() / "runs" / "0000000002.catalogue",
               "medimirror kept list 1 run 2 at 2000 base 1 entries 30\nrubbish");
  const RebuildResult result = rebuild_it();
  EXPECT_EQ(result.catalogue_run, 1u);
  ASSERT_FALSE(result.notes.empty());
  EXPECT_THAT(result.notes[0], HasSubstr("0000000002.catalogue"));
  EXPECT_EQ(read_file(media("huge/0/1.png")), tiny_png(101));  // the tree is as it was
}

TEST_F(RebuildTest, AHeldTreeStaysHeld) {
  ASSERT_TRUE(undo({store(), options}, 1, *index, *blobs, 5000).done);
  keep_history(store(), 3, 5000, index->view());
  const auto held = snapshot();
  const auto records = assets();
  lose_index();
  rebuild_it();
  EXPECT_EQ(snapshot(), held);
  EXPECT_EQ(assets(), records);
  EXPECT_TRUE(held_tree(index->view()).has_value());
}

TEST_F(RebuildTest, AHoldThatWasReleasedStaysReleased) {
  ASSERT_TRUE(undo({store(), options}, 1, *index, *blobs, 5000).done);
  keep_history(store(), 3, 5000, index->view());
  ASSERT_TRUE(release_tree(store(), *index, 6000));
  lose_index();
  rebuild_it();
  EXPECT_FALSE(held_tree(index->view()).has_value());
}

}  // namespace
}  // namespace medimirror
