// Role: looks for damage in an LMDB data file by reading it as bytes, with every offset checked.
// Why: LMDB believes its file. Where one is cut short or overwritten, it ends the process (SIGBUS, SIGSEGV,
// an assertion) instead of returning an error; this finds such damage without ending anything.
// Place: lmdb.cc asks before it opens an environment, and verify asks for the whole file.
// Failure: damage is a value, a phrase for a sentence; throws Error{disk} when the file cannot be read.
// Limits: reads each page once at most; a tree no deeper than 32 levels.
// Format: LMDB data version 1, 64-bit little-endian, as LMDB 0.9 writes it.
// Not here: whether the records in it are whole; each carries its own check (record.h).
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace medimirror {

enum class IndexFileDepth {
  headers,  // the two meta pages, and whether the file is as long as they say: microseconds
  pages,    // every page of every table: about 0.5 s a gigabyte when it is in the page cache
};

// Nothing: no damage found, or no file. `pages` wants no writer in the file; should one commit meanwhile, it
// starts again a few times and then gives the file the benefit of the doubt.
std::optional<std::string> find_damage_in_index_file(const std::filesystem::path& file, IndexFileDepth depth);

}  // namespace medimirror
