// Role: whether a store's index may be opened, looked at before it is.
#pragma once

#include <filesystem>

namespace medimirror {

// For sync: throws Error{index} when there are blobs and no index, since a run would fetch everything again. Without a blob an
// index that cannot be read is taken away: a loss of power may leave one that was just being made.
void refuse_a_lost_index(const std::filesystem::path& store_folder);

}  // namespace medimirror
