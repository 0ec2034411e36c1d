// Role: what a copy of media/ elsewhere lacks since it was made equal last, as a list for `rsync --files-from`, and the
// word that it was sent.
// Why not reports/changes.txt: that is the newest run's alone, and two runs may lie between two pushes.
// Place: the command `changes`, over the kept trees (history.h). The lock is not needed: a sync may run meanwhile.
// Format of the list: paths relative to media/, a line each, those of files that are gone among them; remarks start
// with #, which rsync passes over. The last one, "# up to run <n>", says that the list is whole, and how far it goes.
// Format of the cursor: <reports>/pushed/<target>, "run <n>\n".
// Failure: throws Error{usage, disk, index}.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "history/history.h"

namespace medimirror {

// What was acknowledged last for `target`; nothing: never. Throws Error{usage} where the name cannot be that of a file.
std::optional<RunNumber> pushed_run(const std::filesystem::path& reports, const std::string& target);

// Takes a list that `changes` wrote for sent. Throws Error{usage} when it is no such list, or not whole.
RunNumber note_pushed(const std::filesystem::path& reports, const std::string& target,
                      const std::filesystem::path& list);

struct PushList {
  RunNumber from = 0, to = 0;  // from 0: every file
  std::uint64_t paths = 0;
};
// Says the list line by line. Nothing for `from`: every file.
PushList write_push_list(const std::filesystem::path& store, std::optional<RunNumber> from,
                         const std::function<void(std::string_view line)>& say);

}  // namespace medimirror
