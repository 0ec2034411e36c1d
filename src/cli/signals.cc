#include "cli/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <string_view>

#include "base/exit_status.h"
#include "base/parallel.h"

namespace medimirror {

namespace {

constexpr int kStops[] = {SIGINT, SIGTERM, SIGHUP};

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kStops) sigaddset(&set, signal);
  sigaddset(&set, SIGUSR1);
  return set;
}

// Of a process that does nothing that a kill could spoil: what is half written is swept or begun anew by the next run.
void end_at_once(int) {
  _exit(static_cast<int>(ExitStatus::interrupted));
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

void end_at_once_on_signals() {
  for (const int signal : kStops) {
    struct sigaction now = {};
    if (sigaction(signal, nullptr, &now) != 0 || now.sa_handler == SIG_IGN) continue;
    now = {};
    now.sa_handler = end_at_once;
    sigaction(signal, &now, nullptr);
  }
}

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
