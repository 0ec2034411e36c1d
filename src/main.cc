// argv in, exit status out; the only place that catches everything.
#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdio>
#include <exception>
#include <string_view>

#include "base/error.h"
#include "base/exit_status.h"
#include "cli/cli.h"
#include "image/decoder_process.h"

namespace {

// A core file would hold the API secret. Who wants one raises the limit with prlimit while the program runs.
void forbid_core_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_CORE, &limit) != 0) return;
  limit.rlim_cur = 0;
  setrlimit(RLIMIT_CORE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace medimirror;
  // before anything else: a decoder process is this program with one word, and no rights to lose
  if (argc == 2 && std::string_view(argv[1]) == "decoder-process") return decoder_process_main();
  forbid_core_files();
  try {
    return static_cast<int>(run_command_line(argc, argv));
  } catch (const Error& error) {
    fmt::print(stderr, "medimirror: {}\n", error.what());
    return static_cast<int>(exit_status_of(error.kind()));
  } catch (const std::bad_alloc&) {
    std::fputs("medimirror: out of memory; lower media.memory or image.decoders, or give the machine more\n",
               stderr);
  } catch (const std::exception& error) {
    fmt::print(stderr, "medimirror: {} (this is a fault of medimirror, please report it)\n", error.what());
  }
  return static_cast<int>(ExitStatus::failed);
}
