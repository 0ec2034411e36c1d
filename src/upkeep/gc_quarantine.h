// Role: what of store/quarantine/ may be given back: files that repair set aside long enough ago.
// Place: gc prices them with the rest and removes them with the rest; repair_quarantine fills the folder.
// Rule: the age is the time since the file was put there (its change time; its own time is the picture's). Bytes that hash
// right, to the name they were set aside under or to a blob that the index knows, stay unless the store holds them too:
// quarantine never loses the last copy of a picture.
// Failure: throws Error{disk} when a file cannot be removed; one that cannot be read stays.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"

namespace medimirror {

struct QuarantinedFiles {
  std::vector<std::filesystem::path> old;
  std::uint64_t bytes = 0;        // of the old ones
  std::uint64_t last_copies = 0;  // old enough, and kept for their bytes
};

// `known`: whether the index knows a blob of this digest. Reads the files that are old enough.
QuarantinedFiles find_old_quarantined(const std::filesystem::path& store_folder, UnixSeconds kept_since,
                                      const std::function<bool(const Digest&)>& known);

// And the folders that are empty then.
void remove_quarantined(const std::filesystem::path& store_folder, const QuarantinedFiles& files);

}  // namespace medimirror
