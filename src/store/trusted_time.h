// Role: what time it is as far as the index can tell. A clock that is years ahead must not end a grace period, and what a run
// noted under such a clock must not hold for years.
// Threads: those of the index.
#pragma once

#include "base/clock.h"
#include "store/index.h"

namespace medimirror {

// How far our clock may be from another one that knows better, before it is not believed.
constexpr UnixSeconds kClockOffMax = 86'400;

// `now` of our clock, but never more than two days past the service's time at the newest complete listing. Who listed nothing for
// longer waits with what needs the time until it has.
UnixSeconds trusted_now(const IndexReader& index, UnixSeconds now);
// The same where the service's time is known: its, when ours is far from it.
UnixSeconds trusted_now(UnixSeconds of_service, UnixSeconds now);

}  // namespace medimirror
