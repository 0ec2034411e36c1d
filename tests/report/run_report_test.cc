#include "report/run_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/file.h"
#include "base/image.h"
#include "report/advice.h"
#include "report/metrics.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

RunReport some_report() {
  RunReport report;
  report.outcome = RunOutcome::partial;
  report.exit_code = 3;
  report.command = "sync";
  report.run = 7;
  report.started = 1'785'941'124;
  report.seconds = 192.5;
  report.listing = {
      .by = ListedBy::stream, .total = 5000, .complete = true, .cut_reason = "", .malformed = 0};
  report.items.listed = 5000;
  report.items.links = 10;
  report.items.fetched = 900;
  report.items.deduplicated = 12;
  report.items.unchanged = 4084;
  report.items.failed = 6;
  report.bytes = {.downloaded = 45'200'000, .stored = 44'000'000};
  report.published = {
      .files = 4984, .added = 897, .replaced = 3, .removed = 0, .clashes = {}, .tree = TreeState::published};
  report.requests = {.api = 1, .media = 920, .retries = 14};
  for (MediaId id = 1; id <= 5; ++id)
    report.failures.push_back({id, "huge", "https://media.example/huge/x.jpg", "http_404", "", 1});
  report.failures.push_back(
      {9, "huge", "https://media.example/huge/9.jpg", "html_page", "it starts with <html>", 2});
  return report;
}

TEST(RunReport, TellsOfProductsWhereTheRunHadThem) {
  RunReport report = some_report();
  EXPECT_THAT(to_json(report), Not(HasSubstr("products")));
  EXPECT_THAT(to_text(report), Not(HasSubstr("Products")));
  RunReport::Products& products = report.products.emplace();
  products.by = ListedBy::stream;
  products.listed = 1000;
  products.changed = 12;
  products.complete = true;
  EXPECT_THAT(to_json(report), HasSubstr(R"("products":{"mode":"stream","total":0,"complete":true,)"));
  EXPECT_THAT(to_json(report), Not(HasSubstr("codes")));
  EXPECT_THAT(to_text(report),
              HasSubstr("Products: 1 000 products by stream, complete; 12 new or changed, 0 gone."));
  products.codes = {1003, 2, 999, 1500, 40};
  EXPECT_THAT(to_json(report),
              HasSubstr(R"("codes":{"asked":1003,"wrong":2,"found":999,"media":1500,"missing":40})"));
  EXPECT_THAT(to_text(report), HasSubstr("40 codes have no picture"));
}

TEST(RunReport, JsonIsTheContract) {
  RunReport report;
  report.outcome = RunOutcome::partial;
  report.exit_code = 3;
  report.listing = {.by = ListedBy::stream, .total = 5, .complete = true, .cut_reason = "", .malformed = 0};
  report.items.listed = 5;
  report.items.fetched = 4;
  report.items.failed = 1;
  report.bytes = {.downloaded = 100, .stored = 90};
  report.failures.push_back({9, "huge", "https://x/9.jpg", "http_404", "gone \"so\" they say", 2});
  report.seconds = 1.5;
  EXPECT_EQ(
      to_json(report),
      R"({"outcome":"partial","exit_code":3,)"
      R"("listing":{"mode":"stream","total":5,"complete":true,"shifted":false,"cut_reason":"",)"
      R"("malformed":0,"bad_places":0,"places":[]},)"
      R"("items":{"listed":5,"links":0,"filtered":0,"fetched":4,"unchanged":0,"not_modified":0,"deduplicated":0,)"
      R"("failed":1,"retired":0,"pending":0,"carried_over":0,"fallback":0,"media_filtered_by_kind":0,)"
      R"("unconfirmed":0},)"
      R"("bytes":{"downloaded":100,"stored":90},)"
      R"("failures":[{"media_id":9,"format":"huge","url":"https://x/9.jpg","reason":"http_404",)"
      R"("detail":"gone \"so\" they say","attempts":2}],)"
      R"("seconds":1.5,)"
      R"("published":{"files":0,"added":0,"replaced":0,"removed":0,"clashes":[],"tree":"unknown","held":0},)"
      R"("requests":{"api":0,"media":0,"retries":0},"formats":1,"notes":[],"error":"",)"
      R"("unfinished":"","held":null,"dry_run":false,"command":"","run":0,"started":0})");
}

TEST(RunReport, JsonIsOneLineOfUtf8WhateverCameFromTheWire) {
  RunReport report = some_report();
  report.failures[0].detail = "line\nbreak \xff\xfe";
  const std::string json = to_json(report);
  EXPECT_EQ(json.find('\n'), std::string::npos);
  EXPECT_EQ(json.find('\xff'), std::string::npos);
}

TEST(RunReport, Balances) {
  RunReport report = some_report();
  EXPECT_TRUE(report.balances());
  std::uint64_t* const counts[] = {
      &report.items.listed,  &report.items.links,        &report.items.filtered,
      &report.items.fetched, &report.items.unchanged,    &report.items.not_modified,
      &report.items.failed,  &report.items.carried_over, &report.items.pending};
  for (std::uint64_t* count : counts) {
    ++*count;
    EXPECT_FALSE(report.balances());
    --*count;
  }
  report.formats = 2;
  EXPECT_FALSE(report.balances());
  report.items.unchanged += 4990;
  EXPECT_TRUE(report.balances());
  report.items.carried_over = report.items.pending = 3;
  EXPECT_TRUE(report.balances());
  report.items.links = report.items.listed + 1;
  EXPECT_FALSE(report.balances());
}

TEST(RunReportText, SaysWhatHappenedAndWhatToDo) {
  EXPECT_EQ(to_text(some_report()), R"(medimirror sync: finished, but 6 pictures failed.
Run 7, started 2026-08-05T14:45:24Z, took 3 min 12 s.

Listing: 5 000 media items by stream, complete.
Pictures:
  unchanged             4 084
  fetched                 900   45.2 MB; the bytes of 12 were held already
  failed                    6
  10 links have no picture.
Published: 4 984 files: 897 added, 3 replaced, 0 removed.
Requests: 1 to the API, 920 for pictures, 14 of them repeated.

Failures:
  5 × http_404: listed, but the media host says that the picture is not there.
      1 huge  https://media.example/huge/x.jpg
      2 huge  https://media.example/huge/x.jpg
      3 huge  https://media.example/huge/x.jpg
      … and 2 more
    To do: An older picture, where there is one, stays published. If it lasts, tell the service which media these are.
  1 × html_page: a web page came in the picture's place, mostly an error page or a login page.
      9 huge  https://media.example/huge/9.jpg
        it starts with <html> (2 requests)
    To do: Open one of the URLs in a browser to see what it says. If all pictures come so, something between this machine and the media host (a proxy, a firewall) answers for it.
)");
}

TEST(RunReportText, ACutListingSaysThatNothingWasRemoved) {
  RunReport report = some_report();
  report.listing.complete = false;
  report.listing.cut_reason = "the stream ended after 4 999 of 5 000";
  report.listing.malformed = 1;
  const std::string text = to_text(report);
  EXPECT_THAT(text, HasSubstr("NOT complete"));
  EXPECT_THAT(text, HasSubstr("Why: the stream ended after 4 999 of 5 000."));
  EXPECT_THAT(text, HasSubstr("so nothing was removed"));
  EXPECT_THAT(text, HasSubstr("1 entry could not be understood and was left out."));
  EXPECT_THAT(to_text(some_report()), Not(HasSubstr("nothing was removed")));
}

std::string first_line(const RunReport& report) {
  const std::string text = to_text(report);
  return text.substr(0, text.find('\n'));
}

TEST(Headline, OfARunThatCameToItsEnd) {
  RunReport report = some_report();
  EXPECT_EQ(first_line(report), "medimirror sync: finished, but 6 pictures failed.");
  report.items.failed = 0;
  report.outcome = RunOutcome::done;
  EXPECT_EQ(first_line(report), "medimirror sync: done, everything is as the service lists it.");
  report.listing.by = ListedBy::nothing;
  EXPECT_EQ(first_line(report), "medimirror sync: done, nothing that was known to be wanted is missing.");
  report.outcome = RunOutcome::dry_run;
  EXPECT_EQ(first_line(report), "medimirror sync: dry run; nothing was fetched, published or removed.");
}

TEST(Headline, OfARunThatDidNotSaysWhyAndWhatHappensNext) {
  RunReport report = some_report();
  report.items.unchanged = 33;
  report.items.fetched = 100;
  report.items.failed = 0;
  report.items.pending = 136;
  report.unfinished = "https://media.example does not answer since 17:43 UTC";
  report.outcome = RunOutcome::try_later;
  EXPECT_EQ(first_line(report),
            "medimirror sync: not finished: https://media.example does not answer since 17:43 UTC; 133 of "
            "269 pictures "
            "are in, the next run goes on.");
  report.listing.complete = false;
  report.outcome = RunOutcome::interrupted;
  report.unfinished.clear();
  EXPECT_EQ(first_line(report),
            "medimirror sync: interrupted; 133 of 269 pictures listed so far are in, the next run goes on.");
  report.outcome = RunOutcome::failed;
  report.error = "the disk is full: free some space";
  EXPECT_EQ(first_line(report),
            "medimirror sync: failed: the disk is full: free some space; 133 of 269 pictures listed so far "
            "are in, the "
            "next run goes on.");
  report.items = {};
  EXPECT_THAT(first_line(report), HasSubstr("what is held stays as it was, and the next run tries again."));
  report.dry_run = true;
  EXPECT_THAT(first_line(report), HasSubstr("nothing was changed"));
}

TEST(Headline, AHeldTreeIsSaidWhateverTheOutcome) {
  for (int number = 0; number <= static_cast<int>(RunOutcome::unknown); ++number) {
    RunReport report = some_report();
    report.outcome = static_cast<RunOutcome>(number);
    report.held = {5, 1'785'941'124};
    EXPECT_THAT(first_line(report),
                HasSubstr("media/ is held at the tree of run 5 since 2026-08-05T14:45:24Z"));
    EXPECT_THAT(first_line(report), HasSubstr("undo --release"));
    EXPECT_THAT(first_line(report), Not(HasSubstr("everything is as")));
  }
}

TEST(RunReportText, AnErrorIsSaidOnce) {
  RunReport report = some_report();
  report.error = "the API refused the key: check [api] key_id";
  for (const RunOutcome outcome : {RunOutcome::failed, RunOutcome::try_later, RunOutcome::safety_limit}) {
    report.outcome = outcome;
    const std::string text = to_text(report);
    const std::size_t first = text.find(report.error);
    ASSERT_NE(first, std::string::npos);
    EXPECT_EQ(text.find(report.error, first + 1), std::string::npos);
  }
}

// Nothing that was not looked at may look like a count.
TEST(RunReportText, ARunThatEndedEarlySaysOnlyWhatIsTrue) {
  RunReport report;
  report.command = "sync";
  report.outcome = RunOutcome::failed;
  report.error = "the API refused the key";
  report.requests.api = 1;
  report.published.files = 4984;
  report.published.tree = TreeState::as_before;
  std::string text = to_text(report);
  EXPECT_THAT(text, HasSubstr("Listing: not begun, the run ended before"));
  EXPECT_THAT(text, HasSubstr("not looked at, the run ended before"));
  EXPECT_THAT(text, HasSubstr("Published: 4 984 files, as before: the run ended before it published."));
  EXPECT_THAT(text, HasSubstr("Requests: 1 to the API"));

  report.listing.by = ListedBy::stream;
  report.listing.total = 900;
  report.items.listed = 50;
  report.products.emplace();
  text = to_text(report);
  EXPECT_THAT(text, HasSubstr("Listing: 50 media items of 900 by stream, NOT complete."));
  EXPECT_THAT(text, HasSubstr("Why: the run ended before, see above."));
  EXPECT_THAT(text, HasSubstr("Products: not listed, the run ended before."));

  report.published.tree = TreeState::begun;
  EXPECT_THAT(to_text(report), HasSubstr("Published: broken off before it was whole"));
  report.published = {};
  EXPECT_THAT(to_text(report), HasSubstr("Published: as before, the run ended before it looked."));
}

TEST(RunReportText, SaysWhyPicturesArePending) {
  RunReport report = some_report();
  report.items.pending = 4;
  const auto remark = [&](RunOutcome outcome) {
    report.outcome = outcome;
    return to_text(report);
  };
  EXPECT_THAT(remark(RunOutcome::interrupted), HasSubstr("the run was stopped before"));
  EXPECT_THAT(remark(RunOutcome::failed), HasSubstr("the run ended before they were tried or kept"));
  EXPECT_THAT(remark(RunOutcome::try_later), HasSubstr("their host was left alone"));
  report.dry_run = true;
  EXPECT_THAT(remark(RunOutcome::dry_run), HasSubstr("would be fetched"));
}

TEST(Outcome, EachHasAWordASentenceAndAnExitStatus) {
  std::set<std::string_view> words;
  for (int number = 0; number <= static_cast<int>(RunOutcome::unknown); ++number) {
    const OutcomeRow row = row_of(static_cast<RunOutcome>(number));
    EXPECT_TRUE(words.insert(row.word).second) << row.word;
    EXPECT_FALSE(row.sentence.empty());
  }
  EXPECT_EQ(row_of(RunOutcome::try_later).exit_status, ExitStatus::try_later);
  EXPECT_EQ(outcome_of(ErrorKind::unavailable), RunOutcome::try_later);
  EXPECT_EQ(outcome_of(ErrorKind::interrupted), RunOutcome::interrupted);
  EXPECT_EQ(outcome_of(ErrorKind::disk), RunOutcome::failed);
}

TEST(RunReportText, TellsOfFallbacksNotesClashesAndTheRest) {
  RunReport report = some_report();
  report.listing = {};
  report.listing.by = ListedBy::nothing;
  report.items.fallback = 1;
  report.items.carried_over = 2;
  report.items.retired = 3;
  report.items.unconfirmed = 7;
  report.items.pending = 4;
  report.items.failed = 200'000;
  report.notes = {"media 5 was kept though its JPEG has a stray byte"};
  report.published.clashes.assign(12, "two ask for one path");
  const std::string text = to_text(report);
  EXPECT_THAT(text, HasSubstr("Listing: not asked for"));
  EXPECT_THAT(text, HasSubstr("1 picture came in another format"));
  EXPECT_THAT(text, HasSubstr("2 of these were left over"));
  EXPECT_THAT(text, HasSubstr("3 pictures are no longer listed and retired"));
  EXPECT_THAT(
      text,
      HasSubstr("7 pictures are no longer listed; they stay until 2 complete listings in a row lack them"));
  EXPECT_THAT(text, HasSubstr("pending"));
  EXPECT_THAT(text, HasSubstr("  - media 5 was kept"));
  EXPECT_THAT(text, HasSubstr("and 2 more clashes"));
  EXPECT_THAT(text, HasSubstr("Only 6 of 200 000 failures are listed one by one."));
}

TEST(RunReportText, TheWireCannotSteerTheTerminal) {
  RunReport report = some_report();
  report.failures[0].url = "https://x/\x1b[2J\r\nforged line";
  report.failures[5].detail = std::string(5000, 'x');
  const std::string text = to_text(report);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\r'), std::string::npos);
  EXPECT_EQ(text.find("\nforged"), std::string::npos);
  EXPECT_LT(text.size(), 3000u);
}

TEST(Advice, EveryReasonHasASentence) {
  const Advice unknown = advice_for("some_new_reason");
  EXPECT_FALSE(unknown.to_do.empty());
  for (const char* reason :
       {"http_401",           "http_403",        "http_404",      "http_410", "http_429",   "http_500",
        "http_503",           "http_418",        "http_302",      "resolve",  "connect",    "tls",
        "timeout_connect",    "timeout_stall",   "timeout_total", "reset",    "short_body", "not_processed",
        "too_large",          "address_refused", "aborted",       "protocol", "bad_url",    "bad_redirect",
        "too_many_redirects", "host_not_allowed"}) {
    EXPECT_NE(advice_for(reason).meaning, unknown.meaning) << reason;
    EXPECT_EQ(advice_for(reason).to_do.back(), '.') << reason;
  }
  for (int number = 1; number <= 10; ++number) {
    const std::string_view reason = name_of(static_cast<RejectionReason>(number));
    EXPECT_NE(advice_for(reason).meaning, unknown.meaning) << reason;
  }
}

std::string metrics_of(const RunReport& report) {
  const TemporaryFolder folder;
  write_metrics(folder / "metrics.prom", report);
  return read_file(folder / "metrics.prom");
}

TEST(Metrics, AreWhatTheTextfileCollectorReads) {
  RunReport report = some_report();
  report.failures[5].reason = "odd\"rea\\son\n";
  const std::string text = metrics_of(report);
  EXPECT_THAT(text, HasSubstr("# HELP medimirror_last_run_exit_code "));
  EXPECT_THAT(text,
              HasSubstr("# TYPE medimirror_last_run_exit_code gauge\nmedimirror_last_run_exit_code 3\n"));
  EXPECT_THAT(text, HasSubstr("medimirror_last_run_items{outcome=\"fetched\"} 900\n"));
  EXPECT_THAT(text, HasSubstr("medimirror_last_run_failures{reason=\"http_404\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("medimirror_last_run_failures{reason=\"odd\\\"rea\\\\son\\n\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("medimirror_published_files 4984\n"));
  EXPECT_THAT(text, HasSubstr("medimirror_last_run_duration_seconds 192.5\n"));
  EXPECT_EQ(text.back(), '\n');
}

TEST(Metrics, WhatIsNotKnownKeepsItsLastValue) {
  const TemporaryFolder folder;
  const auto file = folder / "metrics.prom";
  write_metrics(file, some_report());
  RunReport failed;
  failed.outcome = RunOutcome::failed;
  failed.error = "the API refused the key";
  failed.exit_code = 1;
  failed.requests.api = 1;
  write_metrics(file, failed);
  std::string text = read_file(file);
  EXPECT_THAT(text, HasSubstr("medimirror_last_run_exit_code 1\n"));
  EXPECT_THAT(text, HasSubstr("medimirror_last_run_requests{to=\"api\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("medimirror_published_files 4984\n"));
  EXPECT_THAT(text, HasSubstr("medimirror_last_run_items{outcome=\"unchanged\"} 4084\n"));
  EXPECT_THAT(text, HasSubstr("medimirror_last_run_failures{reason=\"http_404\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("medimirror_last_run_published{change=\"added\"} 897\n"));

  failed.published.files = 4984;
  failed.published.tree = TreeState::as_before;
  write_metrics(file, failed);
  EXPECT_THAT(read_file(file), HasSubstr("medimirror_last_run_published{change=\"added\"} 0\n"));
}

TEST(Metrics, AreWrittenWholeWhereThereAreNone) {
  const TemporaryFolder folder;
  write_metrics(folder / "metrics.prom", some_report());
  EXPECT_EQ(read_file(folder / "metrics.prom"), metrics_of(some_report()));
}

TEST(Metrics, SayThatTheTreeIsHeld) {
  const TemporaryFolder folder;
  const auto file = folder / "metrics.prom";
  write_metrics(file, some_report());
  EXPECT_THAT(read_file(file), HasSubstr("medimirror_tree_held 0\n"));
  write_tree_metrics(file, {.files = 12, .held = true});
  const std::string text = read_file(file);
  EXPECT_THAT(text, HasSubstr("medimirror_tree_held 1\n"));
  EXPECT_THAT(text, HasSubstr("medimirror_published_files 12\n"));
  EXPECT_THAT(text, HasSubstr("medimirror_last_run_exit_code 3\n"));
  RunReport held = some_report();
  held.held = {3, 0};
  EXPECT_THAT(metrics_of(held), HasSubstr("medimirror_tree_held 1\n"));
}

}  // namespace
}  // namespace medimirror
