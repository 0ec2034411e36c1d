// Role: one file under a second name, by the cheapest means the file systems allow: hard link, clone, copy.
// Place: under LocalBlobStore::place.
// Failure: throws Error{disk}; the target is then what it was.
#pragma once

#include <filesystem>

#include "store/blob_store.h"

namespace medimirror {

// `source` is never written to again (a link would show it). The target is replaced atomically.
Placement place_file(const std::filesystem::path& source, const std::filesystem::path& target, bool durable);

}  // namespace medimirror
