// Role: brings media/ back to what an earlier run left, and holds it there until it is released.
// Why held: undo is for the hour after a bad run, whose cause (a wrong filter, a listing that lacked half, pictures
// replaced by wrong ones) is still there when the next run comes. So that the nightly run does not do the damage again,
// syncs after an undo go on listing and fetching, and leave media/ alone, saying so in their report, until
// `undo --release`. The next sync then publishes the catalogue as it is by that time; nothing is fetched twice.
// Place: the asset records stay what the catalogue says: what a listing dropped stays retired, what it brought stays
// held. Only the tree and its records (index table `published`) go back, through the publisher: add, replace, remove,
// the manifest last. Whatever differs from the index stands in the table `unpublished` until the release.
// Threads: the caller's, who holds the store lock.
// Failure: throws Error{usage} when there is no such run, Error{disk, index}. Blobs that are gone are a value: nothing
// is changed then, unless `partial`, where each such file stays as it is now.
// Durability: the hold is in the index before the first file moves. Killed at any moment: the next sync, or undo of the
// same run, brings it to its end.
// Not here: which trees there are (history.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "store/index.h"
#include "store/local_blob_store.h"
#include "tree/publisher.h"

namespace medimirror {

struct HeldTree {
  RunNumber run = 0;      // whose tree media/ is held at
  UnixSeconds since = 0;  // when it was asked for
  bool partial = false;
  bool finished = false;  // else a run died while it brought the tree back
};
std::optional<HeldTree> held_tree(const IndexReader& index);

struct UndoOptions {
  std::filesystem::path store_folder;
  PublishOptions publish;
  bool partial = false;
  bool dry_run = false;
};

struct UndoResult {
  RunNumber run = 0;  // whose tree it is: the one asked for, or the one before it that changed something last
  UnixSeconds at = 0;
  bool done = false;
  PublishResult published;  // dry run: what would be
  std::uint64_t missing_count = 0;
  std::vector<std::string> missing;  // paths whose blob is gone, the first 100
};

// Nothing for `run`: the tree before the newest change.
UndoResult undo(const UndoOptions& options, std::optional<RunNumber> run, Index& index, LocalBlobStore& blobs,
                UnixSeconds now);

// For sync, instead of publishing. Nothing: no tree is held. An undo that was killed is brought to its end first.
std::optional<HeldTree> keep_tree_held(const UndoOptions& options, Index& index, LocalBlobStore& blobs);

// False: no tree was held. The next sync publishes. A rebuild will know it as well.
bool release_tree(const std::filesystem::path& store_folder, Index& index, UnixSeconds now);

}  // namespace medimirror
