// A dry run says what the run after it does: both are made over the same index and the same listing, and every count of the
// one is held to the other.
#include "run/preview.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "run/pipeline.h"
#include "run/report_stage.h"
#include "store/local_blob_store.h"
#include "support/fake_transport.h"
#include "support/scripted_listing.h"
#include "support/temporary_folder.h"
#include "support/tiny_png.h"

namespace medimirror {
namespace {

const std::string kHost = "https://media.medipim.be";
using Batches = std::vector<std::vector<std::string>>;

struct SilentProgress final : Progress {
  void update(const ProgressSnapshot&, SteadyTime) override {}
  void say(std::string_view) override {}
  void finish(SteadyTime) override {}
};

struct PreviewTest : testing::Test {
  PreviewTest() {
    pipeline.downloader.allowed_hosts = {"media.medipim.be"};
    pipeline.downloader.retry.first_delay = pipeline.downloader.retry.delay_max = Millis(1);
    pipeline.image.validate = Validate::header;
    pipeline.writer.rejected_folder = folder / "rejected";
    selection.kinds = {MediaKind::photo, MediaKind::frontal};
    selection.formats = {"huge", "medium"};
    selection.media_base = *parse_url(kHost);
    preview.retire.max_delete = {5, false};
    transport.answer_with([this](const Request& request) -> std::optional<Reply> {
      if (request.url.text().find("gone") != std::string::npos) return status(404);
      return ok(tiny_png(std::hash<std::string>{}(request.url.text()) % 50)).with("etag", "\"e\"");
    });
  }
  RunReport dry_run(const Batches& batches, Listing::State end) {
    RunReport report;
    report.formats = selection.formats.size();
    ScriptedListing listing(batches, end);
    const Preview told = preview_sync(listing, {selection, nullptr, pipeline.run, clock.unix_now()}, wire,
                                      *index, preview, report);
    report.listing.complete = told.complete;
    return report;
  }

  RunReport real_run(const Batches& batches, Listing::State end) {
    RunReport report;
    report.formats = selection.formats.size();
    report.run = pipeline.run = pipeline.writer.run = pipeline.run + 1;
    pipeline.writer.selection = selection;
    pipeline.look = preview.look;
    const std::uint64_t marks = index->view().mark_count();
    ScriptedListing listing(batches, end);
    const PipelineResult result = run_pipeline(pipeline, &listing, wire, *index, *blobs);
    EXPECT_FALSE(result.failure);
    report.listing.complete = result.listing_complete;
    report.listing.malformed = result.unparsable;
    report_items(result, index->view(), report);
    if (!result.listing_complete || !preview.retires) return report;
    const Retirement left =
        retire_absent(*index, {result.seen, result.already_known, marks}, preview.retire, clock.unix_now());
    report.items.retired = left.retired();
    report.items.unconfirmed = left.waiting.size();
    return report;
  }

  void expect_told(const Batches& batches, Listing::State end = Listing::State::complete) {
    const RunReport told = dry_run(batches, end);
    const RunReport done = real_run(batches, end);
    EXPECT_TRUE(told.balances());
    EXPECT_EQ(told.listing.complete, done.listing.complete);
    EXPECT_EQ(told.listing.malformed, done.listing.malformed);
    EXPECT_EQ(told.items.listed, done.items.listed);
    EXPECT_EQ(told.items.links, done.items.links);
    EXPECT_EQ(told.items.filtered, done.items.filtered);
    EXPECT_EQ(told.items.fallback, done.items.fallback);
    EXPECT_EQ(told.items.unchanged, done.items.unchanged);
    EXPECT_EQ(told.items.carried_over, done.items.carried_over);
    EXPECT_EQ(told.items.retired, done.items.retired);
    EXPECT_EQ(told.items.unconfirmed, done.items.unconfirmed);
    EXPECT_EQ(told.items.pending, done.items.fetched + done.items.not_modified + done.items.failed);
  }

  TemporaryFolder folder;
  std::unique_ptr<Index> index = Index::open(folder / "index", {.durable = false});
  std::unique_ptr<LocalBlobStore> blobs = make_local_blob_store({.folder = folder.path(), .durable = false});
  FakeTransport transport;
  SystemClock clock;
  SilentProgress progress;
  StopFlag stop;
  Wire wire{transport, clock, progress, stop};
  Selection selection;
  PipelineOptions pipeline;
  PreviewOptions preview;
};

// A catalogue that changes as real ones do: items come and go, get new addresses, lose and gain formats, become links.
struct Catalogue {
  std::mt19937 dice;
  std::size_t roll(std::size_t sides) { return dice() % sides; }

  std::string item(MediaId id) {
    std::string formats;
    for (const char* format : {"huge", "medium", "large"}) {
      if (roll(4) == 0) continue;
      if (!formats.empty()) formats += ",";
      const char* folder_name = roll(8) == 0 ? "gone" : format;
      formats += fmt::format(R"("{}":"/{}/{}{}.png{}")", format, folder_name, id, roll(6) == 0 ? "b" : "",
                             roll(6) == 0 ? "?v=2" : "");
    }
    if (roll(12) == 0) return fmt::format(R"({{"id":{},"type":"link","url":"https://x.example/"}})", id);
    return fmt::format(R"({{"id":{},"type":"{}","formats":{{{}}}}})", id, roll(5) == 0 ? "frontal" : "photo",
                       formats);
  }

  std::map<MediaId, std::string> items;
  Batches next() {
    Batches batches;
    for (MediaId id = 1; id <= 60; ++id) {
      if (roll(3) == 0) items[id] = item(id);
      if (roll(20) == 0) items.erase(id);
    }
    for (const auto& [id, line] : items) {
      if (batches.empty() || batches.back().size() == 7) batches.emplace_back();
      batches.back().push_back(line);
    }
    return batches;
  }
};

class AnyCatalogue : public PreviewTest, public testing::WithParamInterface<unsigned> {};

TEST_P(AnyCatalogue, IsToldAsItBecomes) {
  Catalogue catalogue{std::mt19937(GetParam()), {}};
  for (int run = 0; run < 8 && !HasFailure(); ++run) {
    SCOPED_TRACE(fmt::format("run {}", run));
    const Batches batches = catalogue.next();
    if (run == 4) {
      selection.formats = {"huge", "large"};
      selection.fallback = false;
      preview.look = CatalogueWalk::Look::at_all;
      preview.retire.selection_changed = true;
    } else {
      preview.look = CatalogueWalk::Look::at_changed;
      preview.retire.selection_changed = false;
    }
    preview.retires = catalogue.roll(4) != 0;
    expect_told(batches, catalogue.roll(5) == 0 ? Listing::State::cut : Listing::State::complete);
  }
}
INSTANTIATE_TEST_SUITE_P(All, AnyCatalogue, testing::Range(1u, 7u));

TEST_F(PreviewTest, WhatAListingOfChangesLeavesOutIsNotAboutToLeave) {
  expect_told({{ScriptedListing::photo(1), ScriptedListing::photo(2)}});
  preview.retires = false;
  preview.retire.confirmations = 1;
  expect_told({{ScriptedListing::photo(2)}});
  EXPECT_EQ(dry_run({{ScriptedListing::photo(2)}}, Listing::State::complete).items.retired, 0u);
}

TEST_F(PreviewTest, BeyondTheLimitNothingWouldLeave) {
  Batches all{{}};
  for (MediaId id = 1; id <= 9; ++id) all[0].push_back(ScriptedListing::photo(id));
  expect_told(all);
  IndexGroup group = index->group();
  for (MediaId id = 1; id <= 9; ++id) {
    PublishedRecord published;
    published.path = fmt::format("huge/{}", id);
    group.put_published({id, "huge"}, published);
  }
  group.commit();
  preview.retire.confirmations = 1;
  expect_told({{ScriptedListing::photo(9)}});
  EXPECT_EQ(index->view().asset({1, "huge"})->state, AssetState::held);
}

}  // namespace
}  // namespace medimirror
