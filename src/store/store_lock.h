// Role: one writer at a time for a store, across processes. The kernel owns the lock (flock), so it dies with
// its owner, however that ends; there is no stale lock to clear.
// Format: <folder>/lock, whose text names the owner for people: "pid 1234 on host web1 since
// 2026-11-21T18:04:05Z: sync".
// Failure: throws Error{locked} that says who holds it; Error{usage} for root in a store of another user; Error{disk}.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <filesystem>
#include <string_view>

#include "base/file.h"

namespace medimirror {

// One run of root in the folder of a service's user leaves files there that this user cannot change, and each later night
// fails. So root does not write where another user owns the folder, or would own it: the nearest one that is there.
void refuse_root_where_others_own(const std::filesystem::path& folder, uid_t user = ::geteuid());

// A snapshot, say: nobody writes there, and what only looks may.
bool is_read_only_mount(const std::filesystem::path& folder);

class StoreLock {
 public:
  StoreLock(const std::filesystem::path& folder, std::string_view command);

 private:
  UniqueFd fd_;
};

}  // namespace medimirror
