// argv in, exit status out; the only place that catches everything.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <system_error>

#include "base/error.h"
#include "base/exit_status.h"
#include "base/foreign_text.h"
#include "cli/cli.h"
#include "cli/signals.h"
#include "image/decoder_process.h"

namespace {

// A core file would hold the API secret. Who wants one raises the limit with prlimit while the program runs.
void forbid_core_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_CORE, &limit) != 0) return;
  limit.rlim_cur = 0;
  setrlimit(RLIMIT_CORE, &limit);
}

// Where a standard descriptor is closed, the next file that is opened gets its number, and what is meant for the terminal is
// written into it: progress into the index, for one.
bool open_standard_descriptors() {
  for (;;) {
    const int fd = open("/dev/null", O_RDWR);
    if (fd < 0) return false;
    if (fd > STDERR_FILENO) return close(fd) == 0;
  }
}

// The last words. Nothing is left to be done when nobody can hear them, so unlike fmt::print this never throws.
void say(const std::string& sentence) {
  std::fputs(("medimirror: " + medimirror::plain_lines(sentence) + "\n").c_str(), stderr);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace medimirror;
  // before anything else: a decoder process is this program with one word, and no rights to lose
  if (argc == 2 && std::string_view(argv[1]) == "decoder-process") return decoder_process_main();
  if (!open_standard_descriptors()) return static_cast<int>(ExitStatus::failed);
  umask(
      022);  // the modes of files are ours: nobody else writes the store, and a web server may read the tree
  forbid_core_files();
  end_at_once_on_signals();
  try {
    const ExitStatus status = run_command_line(argc, argv);
    if (std::fflush(stdout) != 0) throw std::system_error(errno, std::generic_category());
    return static_cast<int>(status);
  } catch (const Error& error) {
    say(error.what());
    return static_cast<int>(exit_status_of(error.kind()));
  } catch (const std::bad_alloc&) {
    say("out of memory; lower media.memory or image.decoders, or give the machine more");
  } catch (const std::system_error& error) {
    // everything else that asks the system throws Error: what is left is our own output
    say(fmt::format("cannot write to the output: {}; what the run did is kept", error.code().message()));
  } catch (const std::exception& error) {
    say(fmt::format("{} (this is a fault of medimirror, please report it)", error.what()));
  }
  return static_cast<int>(ExitStatus::failed);
}
