// Role: the user's wish to stop: start nothing new, finish and commit what is under way.
// Threads: request() from the signal thread, requested() from anywhere.
// Not here: the second wish, "at once": that ends the process (cli/signals); nothing that is done is lost by
// it.
#pragma once

#include <atomic>

namespace medimirror {

class StopFlag {
 public:
  bool requested() const { return requested_.load(std::memory_order_relaxed); }
  void request() { requested_.store(true, std::memory_order_relaxed); }

 private:
  std::atomic<bool> requested_{false};
};

}  // namespace medimirror
