#include "cli/process_number.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/error.h"
#include "store/index.h"

namespace medimirror {

namespace {

constexpr int kChildrenMax = 100;  // numbers that are taken one after the other: no more readers exist
constexpr int kSignalled = 128;    // as shells tell the end by a signal

sigset_t passed_on() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&set, signal);
  return set;
}

// A container's process 1 also gets the orphans of others.
void end_with(pid_t child) {
  int status = 0;
  for (pid_t ended = 0; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    if (ended != child) continue;
    if (WIFEXITED(status)) std::_Exit(WEXITSTATUS(status));
    if (WIFSIGNALED(status)) std::_Exit(kSignalled + WTERMSIG(status));
  }
}

[[noreturn]] void stand_in_for(pid_t child, const sigset_t& signals) {
  for (;;) {
    siginfo_t info{};
    const int signal = ::sigwaitinfo(&signals, &info);
    if (signal == SIGCHLD) end_with(child);
    // what the terminal sends, the child gets by itself
    if (signal > 0 && signal != SIGCHLD && info.si_code != SI_KERNEL) ::kill(child, signal);
  }
}

}  // namespace

void take_free_process_number(const std::filesystem::path& index_folder) {
  for (int children = 0; children < kChildrenMax && Index::is_process_number_taken(index_folder);
       ++children) {
    const sigset_t signals = passed_on();
    sigset_t before;
    ::sigprocmask(SIG_BLOCK, &signals, &before);
    const pid_t child = ::fork();
    if (child > 0) stand_in_for(child, signals);
    const int failure = errno;
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    if (child < 0) throw_errno(failure, "go on as another process");
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  }
}

}  // namespace medimirror
