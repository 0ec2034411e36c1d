// Role: does media/ still hold what was published there? Somebody may have removed a folder, or put other files in place.
// Place: sync asks before it plans what to publish, which then puts back what went; the publisher notes after each publish
// how it left the folders.
// How: adding, removing and replacing files changes the time of their folder. So the times of the folders that hold files are
// remembered (setting "tree_folders"), and only in a folder whose time is another are the files looked at, by size and time.
// What it costs: a stat for each folder; with all folders changed, or in `everything`, one for each file. A million files in
// a thousand folders: 3 ms, or 1 to 2 s.
// Threads: the caller's.
// Failure: throws Error{disk, index}. A folder that cannot be looked at counts as changed, a file as gone.
// Not here: bytes that were changed in place under the old size and time (upkeep/verify).
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "store/index.h"

namespace medimirror {

struct TreeLosses {
  std::set<AssetKey> keys;  // published files that are not there, or are other files
  std::string example;      // the path of one
};

enum class LookAt { changed_folders, everything };

// Also marks what it found as unpublished, so that the next plan looks at it.
TreeLosses find_tree_losses(const std::filesystem::path& media_folder, Index& index, LookAt how);

// `folders`: relative, those of files that were placed or removed just now.
void note_folder_times(const std::filesystem::path& media_folder, Index& index,
                       const std::set<std::string>& folders);

}  // namespace medimirror
