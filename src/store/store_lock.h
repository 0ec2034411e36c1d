// Role: one writer at a time for a store, across processes. The kernel owns the lock (flock), so it dies with
// its owner, however that ends; there is no stale lock to clear.
// Format: <folder>/lock, whose text names the owner for people: "pid 1234 on host web1 since
// 2026-11-21T18:04:05Z: sync".
// Failure: throws Error{locked} that says who holds it; Error{disk}.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/file.h"

namespace medimirror {

class StoreLock {
 public:
  StoreLock(const std::filesystem::path& folder, std::string_view command);

 private:
  UniqueFd fd_;
};

}  // namespace medimirror
