// The loop's two sides, without threads: what the listing feed sends and counts as settled, and in which order the download
// queue follows. The writer is one that nobody runs: its inbox holds what it was sent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "run/download_queue.h"
#include "run/listing_feed.h"
#include "store/local_blob_store.h"
#include "support/fake_transport.h"
#include "support/manual_clock.h"
#include "support/scripted_listing.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

using testing::ElementsAre;

struct SilentProgress final : Progress {
  void update(const ProgressSnapshot&, SteadyTime) override {}
  void say(std::string_view sentence) override { said.emplace_back(sentence); }
  void finish(SteadyTime) override {}
  std::vector<std::string> said;
};

struct LoopPartsTest : testing::Test {
  TemporaryFolder folder;
  std::unique_ptr<Index> index = Index::open(folder / "index", {});
  std::unique_ptr<LocalBlobStore> blobs = make_local_blob_store({.folder = folder.path()});
  ManualClock clock;
  FakeTransport transport;
  SilentProgress progress;
  StopFlag stop;
  Wire wire{transport, clock, progress, stop};
  FirstFailure failure{[] {}};
  Writer writer{{}, *index, *blobs, clock, [] {}};
  IndexView view = index->view();

  static AssetRecord wanted(AssetState state = AssetState::wanted) {
    AssetRecord record;
    record.state = state;
    record.url = "/x.jpg";
    return record;
  }
  void want(MediaId id, const AssetRecord& record = wanted()) {
    IndexGroup group = index->group();
    group.put_asset({id, "huge"}, record);
    group.commit();
    view.renew();
  }
  // Ids of the listed updates that wait in the writer's inbox, and 0 for a barrier.
  std::vector<MediaId> sent() {
    std::vector<MediaId> ids;
    for (const WriterMessage& message :
         writer.inbox().size() == 0 ? std::deque<WriterMessage>{} : writer.inbox().take_all()) {
      if (const auto* listed = std::get_if<ListedBatch>(&message))
        for (const ListedUpdate& update : listed->updates) ids.push_back(update.item.id);
      else
        ids.push_back(0);
    }
    return ids;
  }
};

struct DownloadQueueTest : LoopPartsTest {
  DownloadQueue queue{view, 7, writer};

  // Ids of what may be fetched now.
  std::vector<MediaId> all(MediaId settled_below = kAllSettled, bool nothing_under_way = true) {
    std::vector<MediaId> ids;
    while (const std::optional<Download> next = queue.next(settled_below, nothing_under_way))
      ids.push_back(next->key.media);
    return ids;
  }
};

TEST_F(DownloadQueueTest, FollowsWhatIsSettledAndNoFurther) {
  for (const MediaId id : {1, 2, 3, 4}) want(id);
  EXPECT_THAT(all(3), ElementsAre(1, 2));
  EXPECT_THAT(all(3), ElementsAre());
  EXPECT_THAT(all(4), ElementsAre(3));
  EXPECT_EQ(queue.handed_out(), 3u);
}

TEST_F(DownloadQueueTest, ASecondPassFindsWhatCameBehindTheCursorOnceTheWriterHasAll) {
  want(5);
  EXPECT_THAT(all(kAllSettled, false), ElementsAre(5));
  want(2);
  EXPECT_THAT(all(kAllSettled, false), ElementsAre());
  EXPECT_THAT(sent(), ElementsAre()) << "something is under way, whose outcome the queue does not show yet";
  EXPECT_THAT(all(), ElementsAre());
  EXPECT_THAT(sent(), ElementsAre(0)) << "a barrier";
  EXPECT_THAT(all(), ElementsAre()) << "the writer is not there yet";
  EXPECT_FALSE(queue.done());
  queue.hear({.barrier = kFirstPassBarrier});
  EXPECT_THAT(all(), ElementsAre(2, 5)) << "5 has no outcome in this test";
  EXPECT_TRUE(queue.done());
}

TEST_F(DownloadQueueTest, WhatFailedInThisRunIsLeftToTheNext) {
  AssetRecord record = wanted(AssetState::failed);
  record.attempts.push_back({0, 6, "gone", "", 1});
  want(1, record);
  record.attempts.push_back({0, 7, "gone", "", 1});
  want(2, record);
  EXPECT_THAT(all(), ElementsAre(1));
}

struct ListingFeedTest : LoopPartsTest {
  static std::string photo(MediaId id) { return ScriptedListing::photo(id); }
};

TEST_F(ListingFeedTest, IsSettledAsFarAsTheWriterHasCommitted) {
  ScriptedListing listing({{photo(4), photo(6)}, {photo(8), photo(9)}}, Listing::State::complete);
  ListingFeed feed(&listing, view, CatalogueWalk::Look::at_changed, wire, writer, failure);
  feed.advance();
  EXPECT_THAT(sent(), ElementsAre(4)) << "the last of a batch waits for its twin";
  EXPECT_EQ(feed.settled_below(), 4u);
  feed.hear({.listed = 1});
  EXPECT_EQ(feed.settled_below(), 4u) << "the position itself may get a twin yet";
  feed.advance();
  EXPECT_THAT(sent(), ElementsAre(6, 8));
  EXPECT_EQ(feed.settled_below(), 6u);
  feed.hear({.listed = 2});
  EXPECT_EQ(feed.settled_below(), 8u);
  feed.advance();
  EXPECT_THAT(sent(), ElementsAre(9, 0)) << "the end, and a barrier behind it";
  feed.hear({.listed = 1, .barrier = kListedBarrier});
  EXPECT_EQ(feed.settled_below(), kAllSettled);

  PipelineResult result;
  feed.conclude(result);
  EXPECT_TRUE(result.listing_complete);
  EXPECT_THAT(result.seen, ElementsAre(4, 6, 8, 9));
}

TEST_F(ListingFeedTest, ACutListingSaysSoAndIsNotComplete) {
  ScriptedListing listing({{photo(1)}}, Listing::State::cut);
  ListingFeed feed(&listing, view, CatalogueWalk::Look::at_changed, wire, writer, failure);
  feed.advance();
  feed.advance();
  EXPECT_THAT(progress.said, ElementsAre(testing::HasSubstr("nothing will be removed in this run")));
  EXPECT_THAT(sent(), ElementsAre(1, 0)) << "what it named is kept";
  PipelineResult result;
  feed.conclude(result);
  EXPECT_TRUE(result.listing_ended);
  EXPECT_FALSE(result.listing_complete);
}

TEST_F(ListingFeedTest, WithoutAListingAllIsSettled) {
  ListingFeed feed(nullptr, view, CatalogueWalk::Look::at_changed, wire, writer, failure);
  feed.advance();
  EXPECT_EQ(feed.settled_below(), kAllSettled);
  EXPECT_EQ(feed.wake_at(), SteadyTime::max());
  PipelineResult result;
  feed.conclude(result);
  EXPECT_TRUE(result.listing_ended);
  EXPECT_FALSE(result.listing_complete);
}

}  // namespace
}  // namespace medimirror
