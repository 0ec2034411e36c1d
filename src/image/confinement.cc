#include "image/confinement.h"

#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>

#include "base/error.h"

namespace medimirror {

namespace {

[[noreturn]] void fail(const char* what, int error_number) {
  throw Error(ErrorKind::internal,
              std::string("the decoder process cannot give up its rights: ") + what + ": " +
                  std::strerror(error_number),
              "confine the decoder");
}

void set_limit(__rlimit_resource resource, rlim_t value, const char* what) {
  const rlimit limit{value, value};
  if (setrlimit(resource, &limit) != 0) fail(what, errno);
}

// Answered with an error: what libraries try and can do without.
constexpr std::initializer_list<int> kRefusedFiles{
    SCMP_SYS(open),   SCMP_SYS(openat),     SCMP_SYS(openat2),    SCMP_SYS(access),    SCMP_SYS(faccessat),
    SCMP_SYS(stat),   SCMP_SYS(lstat),      SCMP_SYS(newfstatat), SCMP_SYS(statx),     SCMP_SYS(readlink),
    SCMP_SYS(statfs), SCMP_SYS(readlinkat), SCMP_SYS(getcwd),     SCMP_SYS(faccessat2)};
constexpr std::initializer_list<int> kRefused{SCMP_SYS(ioctl),
                                              SCMP_SYS(fcntl),
                                              SCMP_SYS(pipe2),
                                              SCMP_SYS(eventfd2),
                                              SCMP_SYS(prctl),
                                              SCMP_SYS(sched_setaffinity),
                                              SCMP_SYS(sched_setscheduler),
                                              SCMP_SYS(setpriority),
                                              SCMP_SYS(mbind),
                                              SCMP_SYS(get_mempolicy),
                                              SCMP_SYS(set_mempolicy),
                                              SCMP_SYS(memfd_create)};

constexpr std::initializer_list<int> kAllowed{
    // bytes over what is open: the socket
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
    SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(close), SCMP_SYS(fstat),
    SCMP_SYS(lseek),
    // memory; mmap and mprotect below
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    // threads; clone below
    SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(get_robust_list), SCMP_SYS(rseq),
    SCMP_SYS(set_tid_address), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler), SCMP_SYS(getcpu), SCMP_SYS(membarrier), SCMP_SYS(gettid), SCMP_SYS(getpid),
    // signals to oneself, as abort() sends them
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    // clocks, randomness, who am I, the end
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(getuid), SCMP_SYS(geteuid),
    SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getrusage),
    SCMP_SYS(exit), SCMP_SYS(exit_group)};

class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_KILL_PROCESS)) {
    if (!context_) fail("seccomp_init", ENOMEM);
  }
  ~Filter() { seccomp_release(context_); }
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  template <typename... Comparisons>
  void rule(std::uint32_t action, int call, Comparisons... comparisons) {
    // A call that this machine does not have cannot be made either.
    const int result = seccomp_rule_add(context_, action, call, static_cast<unsigned>(sizeof...(comparisons)),
                                        comparisons...);
    if (result != 0 && result != -EDOM && result != -EINVAL) fail("seccomp_rule_add", -result);
  }
  void load() {
    if (const int result = seccomp_load(context_); result != 0) fail("seccomp_load", -result);
  }

 private:
  scmp_filter_ctx context_;
};

}  // namespace

void limit_process(std::uint64_t memory_bytes_max) {
  // The terminal's Ctrl-C and systemd's SIGTERM go to every process of the group; the parent drains and
  // decides.
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) std::signal(number, SIG_IGN);
  // With the parent goes the child, even in the middle of a picture. (Between pictures the closed socket
  // tells it.)
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail("PR_SET_PDEATHSIG", errno);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("PR_SET_NO_NEW_PRIVS", errno);
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) fail("PR_SET_DUMPABLE", errno);
  set_limit(RLIMIT_CORE, 0, "RLIMIT_CORE");
  set_limit(RLIMIT_FSIZE, 0, "RLIMIT_FSIZE");
  set_limit(RLIMIT_NOFILE, 64, "RLIMIT_NOFILE");
  if (kConfinementIsWhole) set_limit(RLIMIT_AS, memory_bytes_max, "RLIMIT_AS");
}

void forbid_system_calls() {
  if (!kConfinementIsWhole) return;
  Filter filter;
  for (const int call : kAllowed) filter.rule(SCMP_ACT_ALLOW, call);
  for (const int call : kRefusedFiles) filter.rule(SCMP_ACT_ERRNO(EACCES), call);
  for (const int call : kRefused) filter.rule(SCMP_ACT_ERRNO(EPERM), call);
  // No memory that can be executed, so no new code.
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)})
    filter.rule(SCMP_ACT_ALLOW, call, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  // Threads, but no processes. clone3 hides its flags behind a pointer: glibc then falls back to clone.
  filter.rule(SCMP_ACT_ALLOW, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
  filter.rule(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
  filter.rule(SCMP_ACT_ALLOW, SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(getpid())));
  // allow_cpu_seconds(); raising the other limits is refused by their hard limits
  filter.rule(SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), SCMP_A0(SCMP_CMP_EQ, 0));
  filter.load();
}

void allow_cpu_seconds(std::uint32_t seconds) {
  rusage used{};
  rlimit limit{};
  if (getrusage(RUSAGE_SELF, &used) != 0 || getrlimit(RLIMIT_CPU, &limit) != 0) fail("RLIMIT_CPU", errno);
  limit.rlim_cur = static_cast<rlim_t>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + seconds + 1;
  if (limit.rlim_max != RLIM_INFINITY && limit.rlim_cur > limit.rlim_max) limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_CPU, &limit) != 0) fail("RLIMIT_CPU", errno);
}

}  // namespace medimirror
