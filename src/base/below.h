// Role: names that come from a file, a link that lies where a folder should, and the folder that neither may lead out of.
// Place: everything that joins a name it has read to a folder asks stays_below(); everything that writes or removes below a
// folder of ours asks which_folder() first.
// Failure: which_folder() throws Error{disk} where the system cannot say.
#pragma once

#include <string>
#include <string_view>

namespace medimirror {

// A relative path that, joined to a folder, is below it: no part is empty, "." or "..", and there is no zero byte.
bool stays_below(std::string_view path);

enum class FolderBelow {
  there,
  absent,
  blocked,  // on the way there is a link, or something that is no folder
};
// `path`: relative to `root`, or empty. `root` itself may be a link: the user's own.
FolderBelow which_folder(const std::string& root, const std::string& path);

}  // namespace medimirror
