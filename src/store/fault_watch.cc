#include "store/fault_watch.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <mutex>

namespace medimirror {

namespace {

// A handler may neither allocate nor lock: its words lie ready.
std::array<char, 4608> words{};
std::size_t words_size = 0;
std::mutex mutex;
int watches = 0;
struct sigaction segv_before {
}, bus_before{};

constexpr std::uintptr_t kOwnFaultMax = 1 << 16;

void on_fault(int number, siginfo_t* info, void*) {
  // of an address that no machine has, as garbage makes them, the kernel tells no more than that
  const bool is_garbage = info->si_code == SI_KERNEL;
  const bool was_sent = info->si_code <= 0;  // by somebody: there is no address
  if (!was_sent && (is_garbage || reinterpret_cast<std::uintptr_t>(info->si_addr) >= kOwnFaultMax))
    FaultWatch::say_damaged_and_end();
  ::sigaction(number, number == SIGBUS ? &bus_before : &segv_before, nullptr);  // and so it happens again
  if (was_sent) ::raise(number);
}

}  // namespace

void FaultWatch::say_damaged_and_end() {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, words.data(), words_size);
  ::_exit(1);
}

FaultWatch::FaultWatch(const std::filesystem::path& index_folder) {
  const std::lock_guard lock(mutex);
  const std::string sentence = fmt::format(
      "\nmedimirror: the index in {} is damaged (its pages were written over): run medimirror rebuild, no "
      "picture is lost by "
      "it\n",
      index_folder.native());
  words_size = std::min(sentence.size(), words.size());
  std::memcpy(words.data(), sentence.data(), words_size);
  if (watches++ > 0) return;
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGSEGV, &action, &segv_before);
  ::sigaction(SIGBUS, &action, &bus_before);
}

FaultWatch::~FaultWatch() {
  const std::lock_guard lock(mutex);
  if (--watches > 0) return;
  ::sigaction(SIGSEGV, &segv_before, nullptr);
  ::sigaction(SIGBUS, &bus_before, nullptr);
}

}  // namespace medimirror
