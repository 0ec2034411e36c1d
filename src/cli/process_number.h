// Role: goes on under a process number that the index takes. In containers each program is process 1, LMDB tells its
// readers apart by this number alone, and refuses the second one (store/lmdb.h).
// Place: once the configuration is read, before any thread and before the index is opened.
// Rule: a child, which has another number, goes on; this process passes signals to it, waits for it, and ends as it
// ended.
// Limits: two that start in the same moment may still meet; the sentence of the index says so then.
#pragma once

#include <filesystem>

namespace medimirror {

// Returns in the process that goes on: this one where its number is free.
void take_free_process_number(const std::filesystem::path& index_folder);

}  // namespace medimirror
