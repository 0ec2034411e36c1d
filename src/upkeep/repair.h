// Role: turns damage into absence, and absence into presence where the bytes are still somewhere in the house.
// Place: plans from what verify finds, executes, publishes; the next sync fetches what is wanted again.
// Order: bad files are moved to store/quarantine/, then what intact bytes can serve is put back, then the index forgets the rest,
// then the tree is made right. Every step can be seen again by a new verify, so a repair that was killed is continued by the
// next one: there is no plan on disk.
// Never deletes a last copy: what it takes out of blobs/ or media/ and is not a copy of an intact blob goes to quarantine.
// Threads: the caller's, and verify's. Failure: throws Error{index} for an index that only `rebuild` can mend, Error{disk},
// Error{locked}, Error{safety_limit}.
// Not here: fetching (sync), the index itself (rebuild).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/units.h"
#include "tree/publisher.h"
#include "upkeep/verify.h"

namespace medimirror {

enum class RepairStep {
  quarantine,       // a bad or foreign file leaves blobs/ or media/
  set_mode,         // a blob becomes read-only again
  set_time,         // and gets the time of its record back
  restore,          // a blob is put back from a file with the right bytes
  forget,           // an asset wants its picture again
  drop_derivative,  // it will be made again
  drop_record,      // of a blob that is not there any more
  relink,           // a published file is made a link to its blob again
  remove_leftover,  // a temporary file of a killed run
  rewrite_lists,    // manifest.jsonl, SHA256SUMS
};
std::string_view name_of(RepairStep step);

struct RepairAction {
  RepairStep step{};
  std::string subject, detail;
};

struct RepairOptions {
  VerifyOptions verify;  // its depth is what is looked for; slices and limits do not count
  PublishOptions publish;
  bool dry_run = false;
  // How many published files may leave the tree because their bytes are gone. More throws Error{safety_limit} before
  // anything is changed: a file system that is not mounted must not look like a catalogue that was lost.
  CountOrShare max_loss{100, true};
};

struct RepairReport {
  VerifyReport found;
  std::map<RepairStep, std::uint64_t> counts;
  std::uint64_t wanted = 0;  // assets to be fetched again
  bool derivatives = false;  // the next sync makes some again
  bool interrupted = false;  // stopped before anything was changed
  std::uint64_t actions() const;
};

// `told` gets each action: of a dry run all that would be done, else each when it is about to be done.
RepairReport repair(const RepairOptions& options, const Clock& clock, const StopFlag& stop,
                    const std::function<void(const RepairAction&)>& told);

}  // namespace medimirror
