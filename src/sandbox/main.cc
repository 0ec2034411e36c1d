// medimirror-sandbox: arguments in, a service until SIGINT or SIGTERM, exit status out.
#include <fmt/format.h>
#include <signal.h>

#include <cstdio>
#include <exception>

#include "base/error.h"
#include "base/file.h"
#include "sandbox/options.h"

namespace medimirror::sandbox {
namespace {

int run(int argc, const char* const* argv) {
  const Options options = parse_options(argc, argv);
  if (!options.help_text.empty()) return fmt::print("{}", options.help_text), 0;

  // Blocked before the first thread starts, so that they all wait for nobody but sigwait below.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGINT);
  sigaddset(&stop_signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);

  const SystemClock clock;
  Service service(options.service, clock);
  if (!options.evolve.empty()) fmt::print("{}\n", service.evolution().evolve(options.evolve));
  const Server server(options.server, service);
  if (options.port_file) replace_file(*options.port_file, fmt::format("{}\n", server.port()));
  fmt::print("medimirror-sandbox: {} media, {} products at {}\n", options.service.catalogue.media,
             options.service.catalogue.products, server.url());
  std::fflush(stdout);

  int signal = 0;
  sigwait(&stop_signals, &signal);
  return 0;
}

}  // namespace
}  // namespace medimirror::sandbox

int main(int argc, char** argv) {
  using namespace medimirror;
  try {
    return sandbox::run(argc, argv);
  } catch (const Error& error) {
    fmt::print(stderr, "medimirror-sandbox: {}\n", error.what());
    return error.kind() == ErrorKind::usage || error.kind() == ErrorKind::config ? 2 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "medimirror-sandbox: {}\n", error.what());
    return 1;
  }
}
