#include "cli/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <string_view>

#include "base/exit_status.h"
#include "base/parallel.h"

namespace medimirror {

namespace {

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) sigaddset(&set, signal);
  return set;
}

void watch(StopFlag& stop) {
  const sigset_t set = watched_signals();
  for (bool asked = false;;) {
    int signal = 0;
    if (sigwait(&set, &signal) != 0) continue;
    if (signal == SIGUSR1) return;  // ~SignalWatch
    if (asked) {
      static constexpr std::string_view kWord = "\nstopped at once; run the same command again to go on\n";
      if (write(STDERR_FILENO, kWord.data(), kWord.size()) < 0) { /* nobody reads: nothing to be done */
      }
      _exit(static_cast<int>(ExitStatus::interrupted));
    }
    asked = true;
    stop.request();
  }
}

}  // namespace

SignalWatch::SignalWatch(StopFlag& stop) {
  const sigset_t set = watched_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE,
         SIG_IGN);  // NOLINT: a reader of our output that goes away is an error of write(2), not our end
  thread_ = start_thread([&stop] { watch(stop); });
}

SignalWatch::~SignalWatch() {
  pthread_kill(thread_.native_handle(), SIGUSR1);
  thread_.join();
}

}  // namespace medimirror
