// Role: Ctrl-C and SIGTERM: the first asks the run to finish what is under way, the second ends the process
// at once. Both leave a store that the next run continues: what is committed is durable, the rest is asked
// for again.
// Threads: the signals are blocked in the whole process and taken by one thread of this object, so make it
// before any other thread starts.
#pragma once

#include <thread>

#include "base/stop.h"

namespace medimirror {

// For main, before anything else: until a command watches for itself, and in commands that have nothing to finish, the
// first Ctrl-C or SIGTERM ends the process with the exit status of an early stop. What the caller has us ignore (nohup)
// stays ignored.
void end_at_once_on_signals();

class SignalWatch {
 public:
  explicit SignalWatch(StopFlag& stop);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  std::jthread thread_;
};

}  // namespace medimirror
