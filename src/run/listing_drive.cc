#include "run/listing_drive.h"

#include <algorithm>
#include <utility>

namespace medimirror {

namespace {

constexpr Millis kSleepMax{250};  // so that progress moves and a stop is seen even when nothing else happens

ProgressSnapshot snapshot_of(const Listing& listing) {
  ProgressSnapshot snapshot;
  snapshot.listing_done = listing.state() != Listing::State::running;
  snapshot.listed = listing.items();
  if (auto waiting = listing.waiting()) snapshot.waits.push_back(std::move(*waiting));
  return snapshot;
}

}  // namespace

void drive(Listing& listing, const Wire& wire, const ListedSink& sink) {
  std::vector<ListedItem> batch;
  while (!wire.stop.requested()) {
    listing.advance(wire.clock.steady_now());
    while (listing.take(batch)) sink(batch);
    if (listing.state() != Listing::State::running) break;
    const SteadyTime now = wire.clock.steady_now();
    for (Completed& completed : wire.transport.wait(std::clamp(listing.wake_at(), now, now + kSleepMax)))
      listing.handle(completed);
    wire.progress.update(snapshot_of(listing), wire.clock.steady_now());
  }
  wire.progress.update(snapshot_of(listing), wire.clock.steady_now());
}

ListedBy listed_by(Listing::Mode mode) {
  switch (mode) {
    case Listing::Mode::stream:
      return ListedBy::stream;
    case Listing::Mode::query:
      return ListedBy::query;
  }
  return ListedBy::nothing;
}

}  // namespace medimirror
