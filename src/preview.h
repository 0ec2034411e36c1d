// Role: what a sync would do, without doing it (--dry-run): walks the listing, plans, writes nothing, fetches
// nothing.
// Place: sync calls it in place of the pipeline, with the same listing and the same pure decisions
// (selection, plan).
// Failure: as the listing's. Retirement is counted only when the listing was complete.
#pragma once

#include "api/listing.h"
#include "base/clock.h"
#include "base/stop.h"
#include "fetch/selection.h"
#include "http/transport.h"
#include "report/progress.h"
#include "report/run_report.h"
#include "store/index.h"

namespace medimirror {

// Counts go into the report: items.pending is what would be fetched, items.retired what would leave
// with `confirmations` (retire.h), items.unconfirmed what would wait for another listing.
void preview_sync(Listing& listing, const Selection& selection, Transport& transport, const Index& index,
                  const Clock& clock, Progress& progress, const StopFlag& stop, bool look_at_all,
                  int confirmations, RunReport& report);

}  // namespace medimirror
