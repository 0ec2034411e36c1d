// Role: opens a store's index where it is safe to: the lock first for who writes, and damage found before LMDB believes the
// file.
// Failure: throws Error{locked} where somebody else writes, Error{index} for what is lost or damaged, Error{disk}.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "store/index.h"
#include "store/store_lock.h"

namespace medimirror {

// To look at, beside whoever writes.
std::unique_ptr<Index> open_to_read(const std::filesystem::path& store_folder);

enum class IndexCheck {
  not_lost,  // a new one is made where there is none, unless there are blobs: everything would be fetched again
  every_page,  // it is there, and no page of it is damaged: else what it names would look like garbage
};
std::unique_ptr<Index> open_sound_index(const std::filesystem::path& store_folder, IndexCheck check,
                                        bool durable = true);

struct LockedStore {
  LockedStore(const std::filesystem::path& folder, std::string_view command, IndexCheck check)
      : lock(folder, command), index(open_sound_index(folder, check)) {}

  const StoreLock lock;
  const std::unique_ptr<Index> index;
};

}  // namespace medimirror
