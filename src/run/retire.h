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

// What becomes of the assets that a complete listing lacks.
constexpr std::string_view kUnlisted = "the complete listing no longer names the pictures of";
// Sentence of what the limit refuses: `why` ends before the count, `therefore` is what happens instead.
std::string too_many(std::uint64_t files, std::uint64_t limit, std::string_view why,
                     std::string_view therefore);

struct Retirement {
  std::vector<AssetKey> due;          // leave, if not over the limit
  std::vector<AssetKey> by_settings;  // likewise, for they are listed and no longer selected
  std::vector<AssetKey> waiting;      // for another listing to say the same
  std::uint64_t to_remove = 0;        // of the due ones, how many files are published
  std::uint64_t limit = 0;            // how many may be removed
  bool over_limit = false;
  // Confirmed or not, more would leave than the limit: whatever this listing was, the next must be a full one.
  bool implausible = false;

  std::uint64_t retired() const { return over_limit ? 0 : due.size() + by_settings.size(); }
};

// Writes nothing. `seen`: all ids of the listing, ascending; `absent`: the assets it lacks that are not retired.
Retirement plan_retirement(const IndexView& view, std::span<const AssetKey> absent,
                           std::span<const MediaId> seen, const RetireOptions& options);

struct Seen {
  std::span<const MediaId> ids;     // all of the listing, ascending
  std::uint64_t already_known = 0;  // how many of them the index had a mark of before
  std::uint64_t marks_before = 0;   // and how many marks it had
};
Retirement retire_absent(Index& index, const Seen& seen, const RetireOptions& options, UnixSeconds now);

}  // namespace medimirror
