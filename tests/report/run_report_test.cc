#include "report/run_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  report.outcome = "partial";
  report.exit_code = 3;
  report.command = "sync";
  report.run = 7;
  report.started = 1'785'941'124;
  report.seconds = 192.5;
  report.listing = {.mode = "stream", .total = 5000, .complete = true, .cut_reason = "", .malformed = 0};
  report.items.listed = 5000;
  report.items.links = 10;
  report.items.fetched = 900;
  report.items.deduplicated = 12;
  report.items.unchanged = 4084;
  report.items.failed = 6;
  report.bytes = {.downloaded = 45'200'000, .stored = 44'000'000};
  report.published = {.files = 4984, .added = 897, .replaced = 3, .removed = 0, .clashes = {}};
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
  products.mode = "stream";
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
  report.outcome = "partial";
  report.exit_code = 3;
  report.listing = {.mode = "stream", .total = 5, .complete = true, .cut_reason = "", .malformed = 0};
  report.items.listed = 5;
  report.items.fetched = 4;
  report.items.failed = 1;
  report.bytes = {.downloaded = 100, .stored = 90};
  report.failures.push_back({9, "huge", "https://x/9.jpg", "http_404", "gone \"so\" they say", 2});
  report.seconds = 1.5;
  EXPECT_EQ(
      to_json(report),
      R"({"outcome":"partial","exit_code":3,)"
      R"("listing":{"mode":"stream","total":5,"complete":true,"cut_reason":"","malformed":0},)"
      R"("items":{"listed":5,"links":0,"filtered":0,"fetched":4,"unchanged":0,"not_modified":0,"deduplicated":0,)"
      R"("failed":1,"retired":0,"pending":0,"carried_over":0,"fallback":0,"media_filtered_by_kind":0,)"
      R"("unconfirmed":0},)"
      R"("bytes":{"downloaded":100,"stored":90},)"
      R"("failures":[{"media_id":9,"format":"huge","url":"https://x/9.jpg","reason":"http_404",)"
      R"("detail":"gone \"so\" they say","attempts":2}],)"
      R"("seconds":1.5,)"
      R"("published":{"files":0,"added":0,"replaced":0,"removed":0,"clashes":[]},)"
      R"("requests":{"api":0,"media":0,"retries":0},"formats":1,"notes":[],"error":"","command":"","run":0,"started":0})");
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

TEST(RunReportText, EachOutcomeHasItsSentence) {
  struct Row {
    std::string outcome, sentence;
  };
  for (const Row& row :
       {Row{"done", "done, everything is as the service lists it"}, Row{"interrupted", "interrupted;"},
        Row{"safety_limit", "stopped by a safety limit; nothing was removed"}, Row{"dry_run", "dry run;"},
        Row{"failed", "failed."}}) {
    RunReport report = some_report();
    report.outcome = row.outcome;
    report.error = "the API refused the key: check [api] key_id";
    EXPECT_THAT(to_text(report), StartsWith("medimirror sync: " + row.sentence));
    EXPECT_THAT(to_text(report), HasSubstr("Error: the API refused the key: check [api] key_id.\n"));
  }
}

TEST(RunReportText, TellsOfFallbacksNotesClashesAndTheRest) {
  RunReport report = some_report();
  report.listing = {};
  report.listing.mode = "none";
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

TEST(Metrics, AreWhatTheTextfileCollectorReads) {
  RunReport report = some_report();
  report.failures[5].reason = "odd\"rea\\son\n";
  const std::string text = to_prometheus(report);
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

TEST(Metrics, ReplaceTheirFileWhole) {
  const TemporaryFolder folder;
  write_metrics(folder / "metrics.prom", some_report());
  write_metrics(folder / "metrics.prom", RunReport{});
  EXPECT_EQ(read_file(folder / "metrics.prom"), to_prometheus(RunReport{}));
}

}  // namespace
}  // namespace medimirror
