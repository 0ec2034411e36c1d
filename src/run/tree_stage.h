// Role: how media/ was found before a run publishes: whether it is there at all, what was lost from it, and what has to be
// looked at again.
// Place: sync calls it before it plans the publish.
// Threads: the caller's, who holds the store lock.
// Failure: throws Error{index, disk, config}.
#pragma once

#include <filesystem>
#include <set>

#include "report/run_report.h"
#include "store/index.h"
#include "tree/tree_watch.h"

namespace medimirror {

// One store, one tree: what the index says is published is so in one folder. Throws Error{config} where another one that it
// knows of is still there; a tree that was moved is taken, and so is one whose store was moved or copied with it.
void claim_tree(const std::filesystem::path& store_folder, const std::filesystem::path& media_folder,
                Index& index);

bool tree_is_gone(const std::filesystem::path& media_folder, const Index& index);

// Published files that are not as they were left, with a note in the report.
std::set<AssetKey> find_losses(const std::filesystem::path& media_folder, Index& index, LookAt look,
                               RunReport& report);

// The publish that comes looks at each file, whatever it knows of it.
void look_at_every_file(Index& index);

}  // namespace medimirror
