// Role: a file without a name in a folder, to read and write, gone when it is closed: for what does not fit into memory.
// Failure: throws Error{disk}.
#pragma once

#include <filesystem>

#include "base/file.h"

namespace medimirror {

UniqueFd unnamed_file(const std::filesystem::path& folder);

}  // namespace medimirror
