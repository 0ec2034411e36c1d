// Role: the trees of earlier runs, and what the index knew after them, kept in little space.
// Place: sync calls keep_history() after publishing; undo and diff read the trees, gc spares what they name, rebuild
// reads both kinds. The index is not needed to read any of it.
// Threads: the caller's. One writer, who holds the store lock.
// Failure: throws Error{index} for a list that is damaged, naming the file; Error{disk}.
// Limits: memory does not grow with the tree. A run that changed nothing leaves no file: the newest older one is its.
// Durability: a list is there whole or not at all. Killed between two of them: the next run that changes something
// writes what it finds then.
// Format: store/runs/<run, 10 digits>.tree and .catalogue, each a list of history_list.h.
//   .tree       key: an asset key of the index (record.h); value: the PublishedRecord
//   .catalogue  key: a letter for the table and the index's key; value: the index's record
//               a assets (without attempts), b blobs (without last_verified), d derivatives, m media (what a path may
//               need: kind, photo type, locales), s settings that rebuild needs
// Not here: the report of each run; it is in the index (RunRecord).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "history/history_list.h"
#include "store/index.h"

namespace medimirror {

enum class KeptKind { tree, catalogue };

struct KeptList {
  RunNumber run = 0;
  UnixSeconds at = 0;         // when it was published
  std::uint64_t entries = 0;  // of a tree: files
  RunNumber base = 0;         // 0: kept whole; else the run that it is the difference to
  std::uint64_t bytes = 0;    // on disk
};

// Ascending by run; files that are no such list are passed over. `store`: the store folder, here and below.
std::vector<KeptList> kept_lists(const std::filesystem::path& store, KeptKind kind);

// The newest kept tree of this run or an older one: the tree as that run left it. Nothing: none is that old.
std::optional<KeptList> kept_tree_of(const std::filesystem::path& store, RunNumber run);

// The same for a run that a person named: throws Error{usage} that says which runs there are.
KeptList named_tree(const std::filesystem::path& store, const IndexReader& index, RunNumber run);

// For sync. open: at the start; true when the run before died with its history open, so that something may have changed
// that was not kept. close: when the run is kept, or changed nothing.
bool open_history(Index& index);
void close_history(Index& index);

// Keeps what `view` shows as the state after `run`, where it differs from what was kept last.
void keep_history(const std::filesystem::path& store, RunNumber run, UnixSeconds at, const IndexReader& view);

// The catalogue alone, where `run` is the newest: for settings that changed between runs.
void keep_catalogue(const std::filesystem::path& store, RunNumber run, UnixSeconds at,
                    const IndexReader& view);

// The digests of every file of every tree that was published at `since` or later, the one in force at that moment
// included. A digest may come several times.
void each_kept_digest(const std::filesystem::path& store, UnixSeconds since,
                      const std::function<void(const Digest&)>& callback);

// Forgets the trees and catalogues that were no longer in force at `before`, except those of the newest run. What
// later differences build on is made whole first. Returns the bytes given back.
std::uint64_t forget_history(const std::filesystem::path& store, UnixSeconds before);

// A kept tree, file by file, in the order of keys.
class KeptTree {
 public:
  KeptTree(const std::filesystem::path& store, RunNumber run);  // as kept_lists() names it
  bool next();                                                  // false: the end
  const AssetKey& key() const { return key_; }
  const PublishedRecord& record() const { return record_; }

 private:
  std::filesystem::path file_;
  ListReader reader_;
  AssetKey key_;
  PublishedRecord record_;
};

// A kept list's entries as bytes: for rebuild.
ListReader read_kept(const std::filesystem::path& store, KeptKind kind, RunNumber run);

struct TreeDifference {
  AssetKey key;
  std::optional<PublishedRecord> before, after;  // both: replaced or moved
};
// What turned the tree of `from` into that of `to`, in the order of keys.
void diff_trees(const std::filesystem::path& store, RunNumber from, RunNumber to,
                const std::function<void(const TreeDifference&)>& callback);

}  // namespace medimirror
