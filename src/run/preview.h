// Role: what a sync would do, without doing it (--dry-run): walks the listing, plans, writes nothing, fetches
// nothing.
// Place: sync calls it in place of the pipeline, with the same listing and the same decisions: plan_item, the doubts of the
// walk, plan_retirement.
// Failure: as the listing's. Retirement is counted only when the listing was complete.
// Limits: 8 bytes for each listed item and for each new or changed one, and a key for each asset that is absent. An item
// whose rows stand apart in the listing counts with the first of them.
#pragma once

#include <string>

#include "api/listing.h"
#include "fetch/item_plan.h"
#include "report/run_report.h"
#include "run/catalogue_walk.h"
#include "run/listing_drive.h"
#include "run/retire.h"
#include "store/index.h"

namespace medimirror {

struct PreviewOptions {
  CatalogueWalk::Look look = CatalogueWalk::Look::at_changed;
  bool retires = true;  // the listing speaks of the whole selection
  RetireOptions retire;
};

struct Preview {
  bool complete = false;
  std::string doubt;  // why it is not, though it ended well (catalogue_walk.h)
  Retirement retirement;
};

// Counts go into the report: items.pending is what would be fetched, items.retired what would leave, items.unconfirmed
// what would wait for another listing. Of the listing itself the caller reports.
Preview preview_sync(Listing& listing, const PlanContext& context, const Wire& wire, const Index& index,
                     const PreviewOptions& options, RunReport& report);

}  // namespace medimirror
