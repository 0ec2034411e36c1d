#include "cli/quiet.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace medimirror {

using namespace std::string_view_literals;

namespace {

// Stdout, kept back.
class HeldOutput {
 public:
  HeldOutput()
      : text_(::memfd_create("output", MFD_CLOEXEC)), stdout_(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)) {
    std::fflush(stdout);
    if (!text_) throw_errno(errno, "hold back the output");
    if (stdout_) ::dup2(text_.get(), STDOUT_FILENO);  // else there is nobody to read it anyway
  }
  ~HeldOutput() { end(); }
  HeldOutput(const HeldOutput&) = delete;
  HeldOutput& operator=(const HeldOutput&) = delete;

  void show() {
    end();
    ::lseek(text_.get(), 0, SEEK_SET);
    char some[1 << 16];
    for (ssize_t count; (count = ::read(text_.get(), some, sizeof some)) > 0;)
      std::fwrite(some, 1, static_cast<std::size_t>(count), stdout);
  }

 private:
  void end() {
    std::fflush(stdout);
    if (!stdout_) return;
    ::dup2(stdout_.get(), STDOUT_FILENO);
    stdout_.reset();
  }

  UniqueFd text_, stdout_;
};

}  // namespace

bool answers_a_question(const CLI::App& app) {
  constexpr std::array kAnswers = {"list"sv, "show"sv,    "status"sv, "history"sv,
                                   "diff"sv, "changes"sv, "serve"sv};
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  const auto given = [&](const char* name) {
    const CLI::Option* option = command->get_option_no_throw(name);
    return option == nullptr || option->count() == 0 ? std::string() : option->as<std::string>();
  };
  return std::ranges::find(kAnswers, command->get_name()) != kAnswers.end() || !given("--json").empty() ||
         given("--output") == "-";
}

ExitStatus run_quietly(const std::function<ExitStatus()>& command) {
  HeldOutput output;
  try {
    const ExitStatus status = command();
    if (status != ExitStatus::done) output.show();
    return status;
  } catch (...) {
    output.show();
    throw;
  }
}

}  // namespace medimirror
