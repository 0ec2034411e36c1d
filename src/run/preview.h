// Role: what a sync would do, without doing it (--dry-run): walks the listing, plans, writes nothing, fetches
// nothing.
// Place: sync calls it in place of the pipeline, with the same listing and the same pure decisions
// (selection, plan).
// Failure: as the listing's. Retirement is counted only when the listing was complete.
#pragma once

#include "api/listing.h"
#include "fetch/selection.h"
#include "report/run_report.h"
#include "run/catalogue_walk.h"
#include "run/listing_drive.h"
#include "store/index.h"

namespace medimirror {

struct PreviewOptions {
  CatalogueWalk::Look look = CatalogueWalk::Look::at_changed;
  int confirmations = 2;  // retire.h
};

// Counts go into the report: items.pending is what would be fetched, items.retired what would leave, items.unconfirmed
// what would wait for another listing. Of the listing itself the caller reports.
void preview_sync(Listing& listing, const Selection& selection, const Wire& wire, const Index& index,
                  const PreviewOptions& options, RunReport& report);

}  // namespace medimirror
