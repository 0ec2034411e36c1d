// Role: what a complete listing no longer names leaves the mirror, within the delete limit.
// Place: sync calls it after the pipeline, only when the listing was complete and spoke of the whole
// selection. Nothing is deleted here: a retired asset leaves the published tree with the next publish; its
// blob stays for the grace period, so that it can come back without a request.
// Confirmation: one listing may be wrong though it looks whole, so an asset leaves only after `confirmations` complete
// listings in a row lacked it; its record counts them, and being listed again sets the count back (fetch/plan).
// Failure: more than the limit is a value (Retirement::over_limit): then nothing is retired, all of it stays
// published, and the next run finds the same again. Throws Error{index, disk}. Killed half-way: the next
// complete listing goes on.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/media.h"
#include "base/units.h"
#include "store/index.h"

namespace medimirror {

struct RetireOptions {
  CountOrShare max_delete{10, true};  // of what is published
  int confirmations = 2;              // complete listings in a row that must lack an asset
  // What is listed and left because the user changed the settings needs no confirmation.
  bool selection_changed = false;
  // The files that go with an asset of this format.
  std::string derivative_source;
  std::vector<std::string> derivative_names;
};

struct Retirement {
  std::uint64_t absent = 0;       // assets that this listing lacks
  std::uint64_t unconfirmed = 0;  // of these, how many wait for another listing to say the same
  std::uint64_t to_remove = 0;    // of the due ones, how many are published
  std::uint64_t limit = 0;        // how many may be removed
  bool over_limit = false;
  // Confirmed or not, more would leave than the limit: whatever this listing was, the next must be a full one.
  bool implausible = false;
  std::uint64_t retired = 0;
};

// `seen`: all ids of the listing, ascending. `already_known`: how many of them the index had a mark of
// before.
Retirement retire_absent(Index& index, std::span<const MediaId> seen, std::uint64_t already_known,
                         std::uint64_t marks_before, const RetireOptions& options, UnixSeconds now);

}  // namespace medimirror
