// Role: what a run says of itself: fills the RunReport from what its stages brought, decides how the run ended, and writes
// it down for people, programs and the monitoring.
// Place: sync calls begin() first and the others as it comes along; each leaves a report that is true if nothing follows.
// Threads: the caller's.
// Failure: write_down() throws Error{disk, index} after it has tried each of its files.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "api/listing.h"
#include "base/clock.h"
#include "base/error.h"
#include "report/run_report.h"
#include "run/pipeline.h"
#include "store/index.h"

namespace medimirror {

// What is known before anything is asked: the number of the run, the tree as it is.
void begin_report(const IndexView& view, RunReport& report);

void report_listing(const Listing& listing, RunReport& report);

// Of a finished pipeline, or of one that broke off: what that did not get to is pending.
void report_items(const PipelineResult& result, const IndexView& view, RunReport& report);

// A note where our clock is far from the service's.
void report_clock(std::optional<UnixSeconds> of_service, const Clock& clock, RunReport& report);

void report_error(const Error& error, RunReport& report);

// How a run that no error ended came out.
struct Ending {
  bool stopped = false;                   // by the user
  bool over_limit = false;                // more would have been removed than may be
  bool listing_cut = false;               // of media or products; not by a stop
  std::vector<HostTrouble> trouble = {};  // hosts that were left alone
};
void report_ending(const Ending& ending, const Clock& clock, RunReport& report);

// reports/last-run.json, last-run.txt, metrics.prom and, where there is one, the index.
void write_down(const RunReport& report, const std::filesystem::path& reports_folder, Index* index,
                UnixSeconds now);

}  // namespace medimirror
