// Role: what is said when the index file has been written over and LMDB, which believes each page, faults: the sentence for
// a damaged index and exit status 1, instead of a death by SIGSEGV, SIGBUS or SIGABRT.
// Place: lmdb's Environment holds one while it is open; commands that change much have looked at every page before
// (sound_index.h), those that only look, and a sync, cannot afford it.
// Threads: any; the handler only writes to standard error and ends the process. What was committed stays.
// Not here: a fault at an address near zero is one of our own and ends the process as ever.
#pragma once

#include <filesystem>

namespace medimirror {

class FaultWatch {
 public:
  explicit FaultWatch(const std::filesystem::path& index_folder);
  ~FaultWatch();
  FaultWatch(const FaultWatch&) = delete;
  FaultWatch& operator=(const FaultWatch&) = delete;

  [[noreturn]] static void say_damaged_and_end();
};

}  // namespace medimirror
