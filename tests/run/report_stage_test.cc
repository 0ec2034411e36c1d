// How a run came out, from what its stages brought.
#include "run/report_stage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/units.h"
#include "support/manual_clock.h"

namespace medimirror {
namespace {

using testing::HasSubstr;

RunReport ended(const Ending& ending, RunReport report = {}) {
  ManualClock clock;
  report_ending(ending, clock, report);
  return report;
}

TEST(ReportStage, TheEndingDecidesTheOutcomeInThisOrder) {
  HostTrouble down{"https://m", "it is down", true, {}};
  EXPECT_EQ(ended({}).outcome, RunOutcome::done);
  EXPECT_EQ(ended({.trouble = {down}}).outcome, RunOutcome::try_later);
  EXPECT_EQ(ended({.listing_cut = true}).outcome, RunOutcome::try_later);
  EXPECT_EQ(ended({.over_limit = true, .trouble = {down}}).outcome, RunOutcome::safety_limit);
  EXPECT_EQ(ended({.stopped = true, .over_limit = true}).outcome, RunOutcome::interrupted);
  EXPECT_EQ(ended({.trouble = {down}}).exit_code, 7);
  RunReport report;
  report.dry_run = true;
  EXPECT_EQ(ended({}, report).outcome, RunOutcome::dry_run);
  EXPECT_EQ(ended({.stopped = true}, report).exit_code, 130);
  EXPECT_EQ(ended({.listing_cut = true}, report).exit_code, 7);
  report.dry_run = false;
  report.items.failed = 1;
  EXPECT_EQ(ended({}, report).outcome, RunOutcome::partial);
}

TEST(ReportStage, AnOutageIsSaidWithItsBeginning) {
  ManualClock clock;
  HostTrouble down{"https://m", "https://m has failed every request for 5 min: run again later", true,
                   HostTrouble::Outage{"https://m does not answer (connect)",
                                       clock.steady_now() - std::chrono::minutes(6)}};
  RunReport report;
  report_ending({.trouble = {down}}, clock, report);
  const std::string time = format_utc(clock.unix_now() - 360).substr(11, 5);
  EXPECT_EQ(report.unfinished, "https://m does not answer (connect) since " + time + " UTC");
}

TEST(ReportStage, ACutListingIsNamedWithItsReason) {
  RunReport report;
  report.listing.cut_reason = "the stream ended early";
  EXPECT_THAT(ended({.listing_cut = true}, report).unfinished,
              HasSubstr("media was cut short, the stream ended early"));
  report.listing.cut_reason.clear();
  report.products.emplace().cut_reason = "after 4 of 10";
  EXPECT_THAT(ended({.listing_cut = true}, report).unfinished,
              HasSubstr("products was cut short, after 4 of 10"));
}

}  // namespace
}  // namespace medimirror
