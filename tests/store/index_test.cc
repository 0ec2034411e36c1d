#include "store/index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "base/file.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class IndexTest : public testing::Test {
 protected:
  std::filesystem::path folder() const { return temporary_ / "index"; }
  std::unique_ptr<Index> open(const Index::Options& options = {}) const {
    return Index::open(folder(), options);
  }

  static Digest digest(std::uint8_t n) {
    Digest digest;
    digest.bytes.fill(n);
    return digest;
  }
  static AssetRecord asset(AssetState state) {
    AssetRecord record;
    record.state = state;
    record.url = "https://media.example/1.jpg";
    return record;
  }

  TemporaryFolder temporary_;
};

template <typename Call>
std::pair<ErrorKind, std::string> error_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return {error.kind(), error.what()};
  }
  return {ErrorKind::internal, "nothing was thrown"};
}

TEST_F(IndexTest, KeepsEverythingOverAReopening) {
  const MediaItem item = [] {
    MediaItem made;
    made.id = 7;
    made.kind = MediaKind::frontal;
    made.formats = {{"huge", "/h.png"}};
    return made;
  }();
  const ListingMark mark{1, 2, 3, 4, true};
  const BlobRecord blob{10, {}, 1, 2, 3};
  const PublishedRecord published{"huge/0/7.png", digest(1), 10, 1};
  const RunRecord run{1, 2, 3, true, "{}"};
  const DerivativeKey derivative{digest(1), 99};
  {
    const auto index = open();
    IndexGroup group = index->group();
    group.put_mark(7, mark);
    group.put_media(item);
    group.put_asset({7, "huge"}, asset(AssetState::held));
    group.put_asset({7, "large"}, asset(AssetState::wanted));
    group.put_asset({8, "huge"}, asset(AssetState::wanted));
    group.put_blob(digest(1), blob);
    group.put_derivative(derivative, digest(2));
    group.put_published({7, "huge"}, published);
    group.put_published({7, "thumb"}, published);
    group.put_run(1, {});
    group.put_run(300, run);
    group.put_setting("cursor", "x");
    group.commit();
  }
  const auto index = open();
  const IndexView view = index->view();
  EXPECT_EQ(view.mark(7), mark);
  EXPECT_EQ(view.mark(8), std::nullopt);
  EXPECT_EQ(view.media(7), item);
  EXPECT_EQ(view.asset({7, "huge"}), asset(AssetState::held));
  EXPECT_THAT(view.assets_of(7), ElementsAre(std::pair{"huge", asset(AssetState::held)},
                                             std::pair{"large", asset(AssetState::wanted)}));
  EXPECT_THAT(view.assets_of(9), IsEmpty());
  EXPECT_EQ(view.blob(digest(1)), blob);
  EXPECT_EQ(view.derivative(derivative), digest(2));
  EXPECT_EQ(view.published({7, "huge"}), published);
  EXPECT_EQ(view.published_of(7).size(), 2u);
  EXPECT_EQ(view.run(300), run);
  EXPECT_EQ(view.last_run(), (std::pair{RunNumber{300}, run}));
  EXPECT_EQ(view.setting("cursor"), "x");
  EXPECT_EQ(view.setting("schema_version"), kIndexSchemaVersion);
  EXPECT_EQ(view.mark_count(), 1u);
  EXPECT_EQ(view.asset_count(), 3u);
  EXPECT_EQ(view.queue_count(), 2u);
  EXPECT_EQ(view.blob_count(), 1u);
  EXPECT_EQ(view.derivative_count(), 1u);
  EXPECT_EQ(view.published_count(), 2u);
}

TEST_F(IndexTest, EveryRemovalRemoves) {
  const auto index = open();
  IndexGroup group = index->group();
  MediaItem item;
  item.id = 1;
  group.put_mark(1, {});
  group.put_media(item);
  group.put_asset({1, "huge"}, asset(AssetState::wanted));
  group.put_blob(digest(1), {});
  group.put_derivative({digest(1), 1}, digest(2));
  group.put_published({1, "huge"}, {});
  group.mark_unpublished({1, "huge"});
  EXPECT_EQ(group.unpublished(std::nullopt, 10).size(), 1u);
  for (int twice = 0; twice < 2; ++twice) {  // the second time nothing is there, which is fine
    group.remove_mark(1);
    group.remove_media(1);
    group.remove_asset({1, "huge"});
    group.remove_blob(digest(1));
    group.remove_derivative({digest(1), 1});
    group.remove_published({1, "huge"});
    group.clear_unpublished({1, "huge"});
  }
  EXPECT_EQ(group.mark_count() + group.asset_count() + group.queue_count() + group.blob_count() +
                group.derivative_count() + group.published_count(),
            0u);
  EXPECT_FALSE(group.media(1));
  EXPECT_TRUE(group.unpublished(std::nullopt, 10).empty());
}

TEST_F(IndexTest, APrintIsKeptApartFromItsBlobAndGoesWithIt) {
  const auto index = open();
  BlobRecord blob{10, {}, 1, 2, 3};
  blob.info.print.bytes = "print";
  IndexGroup group = index->group();
  group.put_blob(digest(1), blob);
  EXPECT_EQ(group.print(digest(1)), blob.info.print);
  EXPECT_TRUE(group.blob(digest(1))->info.print.empty());

  blob.info.print = {};
  blob.last_verified = 4;
  group.put_blob(digest(1), blob);
  EXPECT_EQ(group.blob(digest(1)), blob);
  EXPECT_TRUE(group.print(digest(1)).has_value());

  group.remove_blob(digest(1));
  EXPECT_FALSE(group.print(digest(1)).has_value());
}

TEST_F(IndexTest, AGroupIsSeenWholeAndOnlyAfterItsCommit) {
  const auto index = open();
  IndexView before = index->view();
  IndexGroup group = index->group();
  group.put_mark(1, {1, 1, 1, 1, false});
  EXPECT_TRUE(group.mark(1));
  EXPECT_FALSE(index->view().mark(1));
  group.commit();
  EXPECT_TRUE(index->view().mark(1));
  EXPECT_FALSE(before.mark(1)) << "a view is a snapshot";
  before.renew();
  EXPECT_TRUE(before.mark(1));
}

TEST_F(IndexTest, AGroupThatIsNotCommittedIsDropped) {
  const auto index = open();
  { index->group().put_mark(1, {}); }
  EXPECT_FALSE(index->view().mark(1));
  IndexGroup next = index->group();
  EXPECT_FALSE(next.mark(1));
}

TEST_F(IndexTest, TheQueueIsExactlyWhatIsToFetch) {
  const auto index = open();
  IndexGroup group = index->group();
  std::set<AssetKey> expected;
  std::uint64_t random = 1;
  for (int i = 0; i < 5000; ++i) {
    random = random * 6364136223846793005 + 1442695040888963407;
    const AssetKey key{random >> 33 & 255, (random >> 42 & 1) != 0 ? "huge" : "large"};
    if ((random >> 50 & 7) == 0) {
      group.remove_asset(key);
      expected.erase(key);
      continue;
    }
    const AssetRecord record = asset(static_cast<AssetState>(1 + (random >> 60 & 3)));
    group.put_asset(key, record);
    if (record.to_fetch())
      expected.insert(key);
    else
      expected.erase(key);
  }
  group.commit();
  const IndexView view = index->view();
  const std::vector<AssetKey> queued = view.queued(std::nullopt, 10'000);
  EXPECT_EQ(std::set<AssetKey>(queued.begin(), queued.end()), expected);
  EXPECT_TRUE(std::is_sorted(queued.begin(), queued.end()));
  std::set<AssetKey> from_records;
  view.each_asset([&](const AssetKey& key, const AssetRecord& record) {
    if (record.to_fetch()) from_records.insert(key);
    return true;
  });
  EXPECT_EQ(from_records, expected);

  std::vector<AssetKey> by_pages;
  std::optional<AssetKey> after;
  for (;;) {
    const auto page = view.queued(after, 7);
    if (page.empty()) break;
    by_pages.insert(by_pages.end(), page.begin(), page.end());
    after = page.back();
  }
  EXPECT_EQ(by_pages, queued);
}

TEST_F(IndexTest, WhatIsAbsentIsExactlyWhatIsUnlistedAndNotRetired) {
  const auto index = open();
  IndexGroup group = index->group();
  AssetRecord record = asset(AssetState::held);
  record.unlisted = true;
  group.put_asset({1, "huge"}, record);
  group.put_asset({2, "huge"}, record);
  group.put_asset({3, "huge"}, record);
  group.put_asset({4, "huge"}, asset(AssetState::held));
  EXPECT_THAT(group.absent(std::nullopt, 9),
              ElementsAre(AssetKey{1, "huge"}, AssetKey{2, "huge"}, AssetKey{3, "huge"}));
  record.state = AssetState::retired;
  group.put_asset({1, "huge"}, record);
  group.put_asset({2, "huge"}, asset(AssetState::held));  // listed again
  EXPECT_THAT(group.absent(std::nullopt, 9), ElementsAre(AssetKey{3, "huge"}));
  group.remove_asset({3, "huge"});
  EXPECT_THAT(group.absent(std::nullopt, 9), IsEmpty());
}

TEST_F(IndexTest, KeysAfterOneThatIsGoneGoOnBehindIt) {
  const auto index = open();
  IndexGroup group = index->group();
  for (const MediaId id : {1, 3, 5}) group.mark_unpublished({id, "huge"});
  EXPECT_THAT(group.unpublished(AssetKey{3, "huge"}, 9), ElementsAre(AssetKey{5, "huge"}));
  EXPECT_THAT(group.unpublished(AssetKey{2, "huge"}, 9),
              ElementsAre(AssetKey{3, "huge"}, AssetKey{5, "huge"}));
  EXPECT_THAT(group.unpublished(AssetKey{5, "huge"}, 9), IsEmpty());
  EXPECT_THAT(group.unpublished(std::nullopt, 2), ElementsAre(AssetKey{1, "huge"}, AssetKey{3, "huge"}));
  EXPECT_THAT(group.unpublished(std::nullopt, 0), IsEmpty());
}

TEST_F(IndexTest, WalksGoInKeyOrderAndStopWhenTold) {
  const auto index = open();
  IndexGroup group = index->group();
  for (const MediaId id : {300, 2, 1, 70'000}) group.put_mark(id, {id, 0, 0, 0, false});
  std::vector<MediaId> seen;
  group.each_mark([&](MediaId id, const ListingMark& mark) {
    EXPECT_EQ(mark.fingerprint.high, id);
    seen.push_back(id);
    return seen.size() < 3;
  });
  EXPECT_THAT(seen, ElementsAre(1, 2, 300));
}

TEST_F(IndexTest, TheMarkWalkFindsTheSameAsLookingUp) {
  const auto index = open();
  {
    IndexGroup group = index->group();
    for (MediaId id = 10; id < 5000; id += 1 + id % 7) group.put_mark(id, {id, 1, 2, 3, false});
    group.commit();
  }
  const IndexView view = index->view();
  std::vector<MediaId> ascending(5100), jumps;
  for (MediaId id = 0; id < ascending.size(); ++id) ascending[id] = id;
  std::uint64_t random = 7;
  for (int i = 0; i < 3000; ++i) {
    random = random * 6364136223846793005 + 1442695040888963407;
    jumps.push_back((random >> 33) % 5100);
  }
  for (const auto& ids : {ascending, jumps}) {
    IndexView::MarkWalk walk(view);
    for (const MediaId id : ids) ASSERT_EQ(walk.at(id), view.mark(id)) << id;
  }
  IndexView::MarkWalk walk(view);
  EXPECT_TRUE(walk.at(10));
  EXPECT_TRUE(walk.at(10)) << "the same id again, as when it is listed twice";
  EXPECT_FALSE(walk.at(~MediaId{0}));
  EXPECT_TRUE(walk.at(10)) << "back from behind the end";
}

TEST_F(IndexTest, TheMarkWalkGoesOnOverARenewal) {
  Index::Options fast;
  fast.durable = false;
  const auto index = open(fast);
  IndexView view = index->view();
  IndexView::MarkWalk walk(view);
  EXPECT_FALSE(walk.at(1));
  for (MediaId id = 1; id < 300; ++id) {
    IndexGroup group = index->group();
    group.put_mark(id, {id, 0, 0, 0, false});
    group.put_mark(id + 1, {id, 0, 0, 0, false});
    group.commit();
    view.renew();
    ASSERT_EQ(walk.at(id), (ListingMark{id, 0, 0, 0, false}));
  }
}

TEST_F(IndexTest, AnotherSchemaVersionIsRefused) {
  {
    const auto index = open();
    IndexGroup group = index->group();
    group.put_setting("schema_version", "1");
    group.commit();
  }
  const auto [kind, sentence] = error_of([&] { open(); });
  EXPECT_EQ(kind, ErrorKind::index);
  EXPECT_THAT(sentence, HasSubstr("schema version 1"));
  EXPECT_THAT(sentence, HasSubstr("medimirror rebuild"));
}

TEST_F(IndexTest, AFullMapEndsTheGroupAndTheNextStartHasRoom) {
  Index::Options small;
  small.map_bytes = 1 << 20;
  small.durable = false;
  const std::string report(400'000, 'x');
  std::uint64_t committed = 0;
  const auto fill = [&] {
    const auto index = open(small);
    for (std::uint64_t run = committed + 1; run < 1000; ++run) {
      IndexGroup group = index->group();
      group.put_run(run, {0, 0, 0, false, report});
      group.commit();
      committed = run;
    }
  };
  const auto [kind, sentence] = error_of(fill);
  EXPECT_EQ(kind, ErrorKind::disk);
  EXPECT_THAT(sentence, HasSubstr("run again"));
  const std::uint64_t first = committed;
  EXPECT_GT(first, 0u);

  EXPECT_EQ(open(small)->view().last_run()->first, first) << "what was committed before is kept";
  error_of(fill);
  EXPECT_GT(committed, 2 * first);
}

TEST_F(IndexTest, ReadingOnlyNeedsAnIndexAndSeesWhatIsCommitted) {
  Index::Options read_only;
  read_only.read_only = true;
  const auto [kind, sentence] = error_of([&] { open(read_only); });
  EXPECT_EQ(kind, ErrorKind::index);
  EXPECT_THAT(sentence, HasSubstr("medimirror sync"));
  EXPECT_FALSE(std::filesystem::exists(folder()));
  {
    const auto index = open();
    IndexGroup group = index->group();
    group.put_mark(1, {});
    group.commit();
  }
  EXPECT_TRUE(open(read_only)->view().mark(1));
}

TEST_F(IndexTest, ASecondOpeningInOneProcessIsABug) {
  const auto index = open();
  EXPECT_EQ(error_of([&] { open(); }).first, ErrorKind::internal);
}

TEST_F(IndexTest, AFormatNameThatIsNoKeyIsABug) {
  const auto index = open();
  IndexGroup group = index->group();
  EXPECT_EQ(error_of([&] { group.put_asset({1, ""}, {}); }).first, ErrorKind::internal);
  EXPECT_EQ(error_of([&] { group.put_asset({1, std::string(256, 'x')}, {}); }).first, ErrorKind::internal);
  EXPECT_FALSE(group.asset({1, std::string(1000, 'x')}));
}

TEST_F(IndexTest, OpeningWithoutChangesWritesNothing) {
  open();
  const auto read = [&] { return read_file(folder() / "data.mdb"); };
  const std::string before = read();
  EXPECT_FALSE(open()->view().mark(1));
  EXPECT_EQ(read(), before);
}

}  // namespace
}  // namespace medimirror
