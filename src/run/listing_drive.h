// Role: drives one listing to its end, for those who have nothing else to do meanwhile: a preview, the products, `list`.
// Place: they say what becomes of the items; the pipeline's loop drives its listing itself, beside the downloads.
// Threads: the caller's.
// Failure: throws what a Listing throws. A stop ends the drive; the listing is then still running.
#pragma once

#include <functional>
#include <vector>

#include "api/listing.h"
#include "base/clock.h"
#include "base/stop.h"
#include "http/transport.h"
#include "report/progress.h"
#include "report/run_report.h"

namespace medimirror {

// What everything that asks the service needs.
struct Wire {
  Transport& transport;
  const Clock& clock;
  Progress& progress;
  const StopFlag& stop;
};

using ListedSink = std::function<void(const std::vector<ListedItem>& batch)>;

void drive(Listing& listing, const Wire& wire, const ListedSink& sink);

// How the report names what drove it.
ListedBy listed_by(Listing::Mode mode);

}  // namespace medimirror
