// The concurrent stage over a scripted transport and listing, with the real index and store on disk: everything
// arrives, is counted, survives stops at every moment, and ends when a thread fails.
#include "run/pipeline.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>

#include "base/error.h"
#include "base/sha256.h"
#include "image/media_type.h"
#include "run/report_stage.h"
#include "support/fake_transport.h"
#include "support/forwarding_store.h"
#include "support/scripted_listing.h"
#include "support/temporary_folder.h"
#include "support/tiny_png.h"

namespace medimirror {
namespace {

const std::string kHost = "https://media.medipim.be";

// Remembers the whole that was shown.
class WatchedProgress final : public Progress {
 public:
  void update(const ProgressSnapshot& snapshot, SteadyTime) override {
    EXPECT_LE(snapshot.done, snapshot.to_fetch);
    most_to_fetch_ = std::max(most_to_fetch_, snapshot.to_fetch);
  }
  void say(std::string_view) override {}
  void finish(SteadyTime) override {}
  std::uint64_t most_to_fetch() const { return most_to_fetch_; }

 private:
  std::uint64_t most_to_fetch_ = 0;
};

// A store whose disk is full from the n-th commit on.
class FailingStore final : public ForwardingStore {
 public:
  FailingStore(LocalBlobStore& real, int commits_allowed)
      : ForwardingStore(real), commits_allowed_(commits_allowed) {}

  void commit(std::span<const StagedBlob> group) override {
    if (commits_allowed_-- <= 0) throw Error(ErrorKind::disk, "the disk is full");
    ForwardingStore::commit(group);
  }

 private:
  int commits_allowed_;
};

// A store on a disk of so many bytes.
class SmallStore final : public ForwardingStore {
 public:
  SmallStore(LocalBlobStore& real, std::uint64_t bytes) : ForwardingStore(real), bytes_(bytes) {}

  StagedBlob stage(const Digest& digest, std::string_view bytes, UnixSeconds mtime) override {
    bytes_ -= bytes.size();
    return ForwardingStore::stage(digest, bytes, mtime);
  }
  Space space() const override { return {bytes_, UINT64_MAX}; }

 private:
  std::atomic<std::uint64_t> bytes_;
};

class PipelineTest : public testing::Test {
 protected:
  PipelineTest()
      : index_(Index::open(folder_ / "index", {})),
        blobs_(make_local_blob_store({.folder = folder_.path()})) {
    options_.downloader.allowed_hosts = {"media.medipim.be"};
    options_.downloader.retry.first_delay = Millis(1);
    options_.downloader.retry.delay_max = Millis(5);
    options_.image.validate = Validate::header;
    options_.writer.rejected_folder = folder_ / "rejected";
    Selection& selection = options_.writer.selection;
    selection.kinds = {MediaKind::photo, MediaKind::frontal};
    selection.formats = {"huge"};
    selection.media_base = *parse_url(kHost);
  }

  static std::vector<std::vector<std::string>> catalogue(MediaId count, std::size_t per_batch = 7) {
    std::vector<std::vector<std::string>> batches;
    for (MediaId id = 1; id <= count; ++id) {
      if (batches.empty() || batches.back().size() == per_batch) batches.emplace_back();
      batches.back().push_back(ScriptedListing::photo(id));
    }
    return batches;
  }

  // Serves /huge/N.png with the picture of number N.
  void serve() {
    transport_.answer_with([this](const Request& request) -> std::optional<Reply> {
      ++requests_;
      if (stop_after_ != 0 && requests_ >= stop_after_) stop_.request();
      const MediaId id = std::stoull(request.url.text().substr(request.url.text().rfind('/') + 1));
      return ok(tiny_png(id)).with("etag", fmt::format("\"{}\"", id));
    });
  }

  PipelineResult run(Listing* listing, BlobStore* store = nullptr) {
    ++options_.run;
    options_.writer.run = options_.run;
    return run_pipeline(options_, listing, {transport_, clock_, progress_, stop_}, *index_,
                        store != nullptr ? *store : *blobs_);
  }
  PipelineResult run(std::vector<std::vector<std::string>> batches,
                     Listing::State end = Listing::State::complete) {
    ScriptedListing listing(std::move(batches), end);
    return run(&listing);
  }

  std::uint64_t held() {
    std::uint64_t count = 0;
    index_->view().each_asset([&](const AssetKey&, const AssetRecord& record) {
      if (record.state == AssetState::held) {
        EXPECT_TRUE(blobs_->has(*record.digest)) << "a record names a blob that is not there";
        ++count;
      }
      return true;
    });
    return count;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Index> index_;
  std::unique_ptr<LocalBlobStore> blobs_;
  FakeTransport transport_;
  SystemClock clock_;
  WatchedProgress progress_;
  StopFlag stop_;
  PipelineOptions options_;
  std::uint64_t requests_ = 0, stop_after_ = 0;
};

TEST_F(PipelineTest, EverythingListedIsFetchedKeptAndCounted) {
  serve();
  const PipelineResult result = run(catalogue(100));
  ASSERT_FALSE(result.failure);
  EXPECT_TRUE(result.listing_complete);
  EXPECT_TRUE(result.queue_done);
  EXPECT_EQ(result.listed, 100u);
  EXPECT_EQ(result.written.fetched, 100u);
  EXPECT_EQ(result.tried_listed, 100u);
  EXPECT_EQ(result.tried_carried_over, 0u);
  EXPECT_EQ(result.seen.size(), 100u);
  EXPECT_EQ(progress_.most_to_fetch(), 100u) << "what is under way was counted twice";
  EXPECT_EQ(held(), 100u);
  for (MediaId id = 1; id <= 100; ++id)
    EXPECT_EQ(index_->view().asset({id, "huge"})->digest, sha256(tiny_png(id))) << id;
}

TEST_F(PipelineTest, ASecondRunAsksForNothing) {
  serve();
  run(catalogue(50));
  requests_ = 0;
  const PipelineResult result = run(catalogue(50));
  EXPECT_EQ(requests_, 0u);
  EXPECT_EQ(result.unchanged.items, 50u);
  EXPECT_EQ(result.unchanged.assets, 50u);
  EXPECT_EQ(result.written.changed_items, 0u);
  EXPECT_EQ(result.already_known, 50u);
}

TEST_F(PipelineTest, RoomForOneAtATimeIsEnough) {
  options_.room_items = 1;
  options_.image_threads = 1;
  options_.writer.inbox_capacity = 1;
  serve();
  EXPECT_EQ(run(catalogue(60)).written.fetched, 60u);
  EXPECT_EQ(transport_.most_in_flight(), 1u);
}

// A snapshot that is held through a run keeps all that the writer replaces meanwhile: this was 73 % of the index.
TEST_F(PipelineTest, TheIndexDoesNotGrowByWhatIsReplacedInIt) {
  serve();
  options_.room_items = 4;  // many small commits
  const PipelineResult result = run(catalogue(600));
  ASSERT_FALSE(result.failure);
  EXPECT_EQ(result.written.fetched, 600u);
  EXPECT_LT(std::filesystem::file_size(folder_ / "index" / "data.mdb"), std::uint64_t{2} << 20);
}

TEST_F(PipelineTest, FailuresAreCountedAndTriedAgainInTheNextRunOnly) {
  transport_.otherwise(status(404));
  PipelineResult result = run(catalogue(30));
  EXPECT_EQ(result.written.failed, 30u);
  EXPECT_EQ(result.written.failures.size(), 30u);
  EXPECT_EQ(result.written.failures[0].reason, "http_404");
  EXPECT_EQ(transport_.started().size(), 30u);
  serve();
  result = run(catalogue(30));
  EXPECT_EQ(result.written.fetched, 30u) << "the listing did not change, and yet they are tried";
  EXPECT_EQ(result.tried_listed, 30u);
  EXPECT_EQ(progress_.most_to_fetch(), 30u);
}

// Of a run that a thread's failure ended: the report counts what is committed, and the rest as pending.
TEST_F(PipelineTest, TheCountsAddUpHoweverItEnds) {
  serve();
  for (int commits = 0; commits < 6; ++commits) {
    FailingStore failing(*blobs_, commits);
    options_.room_items = 8;  // many small commits
    ScriptedListing listing(catalogue(60 + 20 * static_cast<MediaId>(commits)));
    const PipelineResult result = run(&listing, &failing);
    RunReport report;
    report.run = options_.run;
    report_items(result, index_->view(), report);
    EXPECT_TRUE(report.balances()) << commits;
    EXPECT_EQ(report.items.fetched + report.items.unchanged, held());
  }
}

// The queue still names the addresses of the last listing until the writer has followed this one.
TEST_F(PipelineTest, WhatTheListingMendsIsNotAskedForAtItsOldAddress) {
  serve();
  run(catalogue(300));
  std::vector<std::vector<std::string>> elsewhere = catalogue(300);
  for (std::vector<std::string>& batch : elsewhere)
    for (std::string& line : batch) line.replace(line.find("/huge/"), 6, "/gone/");
  transport_.answer_with([](const Request&) { return status(404); });
  EXPECT_GT(run(elsewhere).written.failed, 100u);  // not all: so many refusals end the requests to a host

  serve();
  requests_ = 0;
  const PipelineResult result = run(catalogue(300));
  EXPECT_EQ(requests_, 0u);
  EXPECT_EQ(result.tried_listed, 0u);
  EXPECT_EQ(held(), 300u);
}

TEST_F(PipelineTest, ARefusedBodyNeverReachesTheStoreAndItsStartIsKept) {
  options_.downloader.plausible = [](std::string_view body) {
    return detect_format(body) != ImageFormat::unknown;
  };
  transport_.otherwise(ok("<html><title>502 Bad Gateway</title></html>"));
  const PipelineResult result = run(catalogue(3));
  EXPECT_EQ(result.written.failed, 3u);
  EXPECT_EQ(result.written.failures[0].reason, "html_page");
  EXPECT_EQ(index_->view().blob_count(), 0u);
  EXPECT_TRUE(std::filesystem::exists(rejected_sample_path(folder_ / "rejected", {1, "huge"})));
  blobs_->each([](const Digest&, std::uint64_t) -> bool {
    ADD_FAILURE() << "a refused body is in the store";
    return false;
  });
  serve();
  run(catalogue(3));
  EXPECT_FALSE(std::filesystem::exists(rejected_sample_path(folder_ / "rejected", {1, "huge"})));
}

TEST_F(PipelineTest, EqualBytesAreOneBlob) {
  transport_.otherwise(ok(tiny_png(0)));
  const PipelineResult result = run(catalogue(200));
  EXPECT_EQ(result.written.fetched, 200u);
  EXPECT_EQ(result.written.deduplicated, 199u);
  EXPECT_EQ(index_->view().blob_count(), 1u);
}

TEST_F(PipelineTest, AStopAtAnyMomentLeavesWhatTheNextRunCompletes) {
  for (std::uint64_t after = 1; after <= 60; after += 7) {
    const TemporaryFolder folder;
    index_ = Index::open(folder / "index", {});
    blobs_ = make_local_blob_store({.folder = folder.path()});
    requests_ = 0;
    stop_after_ = after;
    serve();
    const PipelineResult stopped = run(catalogue(60));
    ASSERT_FALSE(stopped.failure);
    EXPECT_EQ(stopped.written.fetched, requests_) << "what was under way is finished";
    EXPECT_EQ(held(), requests_);
    {
      StopFlag fresh;
      stop_after_ = 0;
      ScriptedListing listing(catalogue(60));
      ++options_.run;
      const PipelineResult rest =
          run_pipeline(options_, &listing, {transport_, clock_, progress_, fresh}, *index_, *blobs_);
      EXPECT_EQ(rest.written.fetched + stopped.written.fetched, 60u) << "stopped after " << after;
    }
    EXPECT_EQ(held(), 60u);
    EXPECT_EQ(requests_, 60u) << "nothing is asked for twice";
    index_.reset();
  }
}

TEST_F(PipelineTest, AFullDiskEndsTheRunWithItsSentenceAndTheNextGoesOn) {
  serve();
  options_.room_items = 4;  // so that there are more commits than are allowed, however fast the writer is
  for (int commits = 0; commits < 3; ++commits) {
    FailingStore failing(*blobs_, commits);
    ScriptedListing listing(catalogue(40));
    const PipelineResult result = run(&listing, &failing);
    ASSERT_TRUE(result.failure);
    EXPECT_THROW(std::rethrow_exception(result.failure), Error);
  }
  const PipelineResult result = run(catalogue(40));
  ASSERT_FALSE(result.failure);
  EXPECT_EQ(held(), 40u);
}

TEST_F(PipelineTest, ASmallDiskKeepsWhatFitsAndTheListingGoesOn) {
  serve();
  options_.writer.reserve_bytes = 10 << 20;
  const std::uint64_t kept_free = (11 << 20) + 40 * 512;
  SmallStore small(*blobs_, kept_free + 20 * tiny_png(10).size());
  ScriptedListing listing(catalogue(40));
  const PipelineResult result = run(&listing, &small);
  ASSERT_FALSE(result.failure);
  EXPECT_TRUE(result.disk_is_full);
  EXPECT_TRUE(result.listing_complete);
  EXPECT_FALSE(result.queue_done);
  EXPECT_GT(held(), 15u);
  EXPECT_LT(held(), 25u);
  EXPECT_EQ(held(), requests_) << "all that was asked for is kept";
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "tmp"));

  SmallStore as_full(*blobs_, kept_free);
  ScriptedListing again(catalogue(40));
  const std::uint64_t before = requests_;
  EXPECT_TRUE(run(&again, &as_full).disk_is_full);
  EXPECT_EQ(requests_, before) << "what cannot be kept is not asked for";

  EXPECT_FALSE(run(catalogue(40)).disk_is_full);
  EXPECT_EQ(held(), 40u);
  SmallStore full_at_the_end(*blobs_, kept_free);
  ScriptedListing same(catalogue(40));
  EXPECT_FALSE(run(&same, &full_at_the_end).disk_is_full) << "nothing is wanted";
}

TEST_F(PipelineTest, AListingThatThrowsEndsTheRunAndWhatItNamedIsNotForgotten) {
  serve();
  ScriptedListing listing(catalogue(20));
  listing.fail_with(std::make_exception_ptr(Error(ErrorKind::auth, "the key is refused")));
  EXPECT_TRUE(run(&listing).failure);
  EXPECT_FALSE(run(catalogue(20)).failure);
  EXPECT_EQ(held(), 20u);
}

TEST_F(PipelineTest, ACutListingAddsAndIsNotComplete) {
  serve();
  const PipelineResult result = run(catalogue(20), Listing::State::cut);
  EXPECT_FALSE(result.listing_complete);
  EXPECT_TRUE(result.listing_ended);
  EXPECT_EQ(result.written.fetched, 20u);
}

TEST_F(PipelineTest, WithoutAListingWhatIsWantedIsFetched) {
  transport_.otherwise(status(404));
  run(catalogue(10));
  serve();
  const PipelineResult result = run(nullptr);
  EXPECT_EQ(result.written.fetched, 10u);
  EXPECT_EQ(result.tried_carried_over, 10u);
  EXPECT_EQ(result.listed, 0u);
}

TEST_F(PipelineTest, AListingInAnyOrderGivesTheSame) {
  serve();
  std::vector<std::vector<std::string>> batches = catalogue(50, 3);
  std::ranges::reverse(batches);
  std::swap(batches[4], batches[11]);
  const PipelineResult result = run(batches);
  EXPECT_EQ(result.listed, 50u);
  EXPECT_EQ(result.written.fetched, 50u);
  EXPECT_EQ(requests_, 50u);
  EXPECT_TRUE(std::ranges::is_sorted(result.seen));
  EXPECT_EQ(result.seen.size(), 50u);

  requests_ = 0;
  EXPECT_EQ(run(catalogue(50)).unchanged.items, 50u) << "and an ordered one after it finds nothing new";
  EXPECT_EQ(requests_, 0u);
}

TEST_F(PipelineTest, TheSameIdTwiceIsOneItemWhereverItStands) {
  serve();
  const std::string photo = R"({"id":5,"type":"photo","formats":{"large":"/large/500.png"}})";
  const std::string frontal = R"({"id":5,"type":"frontal","formats":{"huge":"/huge/5.png"}})";
  for (const auto& batches : std::vector<std::vector<std::vector<std::string>>>{
           {{photo, frontal, ScriptedListing::photo(9)}},
           {{photo}, {frontal, ScriptedListing::photo(9)}},
           {{frontal}, {ScriptedListing::photo(9)}, {photo}}}) {
    const TemporaryFolder folder;
    index_ = Index::open(folder / "index", {});
    blobs_ = make_local_blob_store({.folder = folder.path()});
    const PipelineResult result = run(batches);
    EXPECT_EQ(result.listed, 2u);
    EXPECT_EQ(result.unchanged.assets + result.written.assets, 2u);
    const auto item = index_->view().media(5);
    ASSERT_TRUE(item);
    EXPECT_EQ(item->kind, MediaKind::frontal);
    EXPECT_EQ(item->formats.size(), 2u);
    EXPECT_EQ(index_->view().asset({5, "huge"})->digest, sha256(tiny_png(5)));
    const PipelineResult again = run(batches);
    EXPECT_EQ(again.written.fetched, 0u);
    index_.reset();
  }
}

TEST_F(PipelineTest, OnlyAChangedUrlIsFetchedAgain) {
  serve();
  run({{ScriptedListing::photo(1), ScriptedListing::photo(2), ScriptedListing::photo(3)}});
  requests_ = 0;
  const std::string touched =
      R"({"id":1,"type":"photo","formats":{"huge":"/huge/1.png"},"meta":{"updatedAt":99}})";
  const PipelineResult result =
      run({{touched, ScriptedListing::photo(2, "/huge/22.png"), ScriptedListing::photo(3)}});
  EXPECT_EQ(requests_, 1u);
  EXPECT_EQ(result.written.fetched, 1u);
  EXPECT_EQ(result.written.changed_items, 2u);
  EXPECT_EQ(index_->view().asset({2, "huge"})->digest, sha256(tiny_png(22)));
}

TEST_F(PipelineTest, AChangedQueryIsAskedConditionally) {
  serve();
  run({{ScriptedListing::photo(1)}});
  transport_.answer_with([](const Request&) -> std::optional<Reply> { return status(304); });
  const PipelineResult result = run({{ScriptedListing::photo(1, "/huge/1.png?v=2")}});
  EXPECT_EQ(result.written.not_modified, 1u);
  const auto& headers = transport_.started().back().request.headers;
  EXPECT_NE(std::ranges::find(headers, "If-None-Match: \"1\""), headers.end());
  EXPECT_EQ(index_->view().asset({1, "huge"})->held_url, kHost + "/huge/1.png?v=2");
}

}  // namespace
}  // namespace medimirror
