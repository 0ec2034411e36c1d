#include "cli/cli.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cli/command_table.h"
#include "cli/mistake.h"
#include "cli/quiet.h"

namespace medimirror {

namespace {

// `medimirror help sync` is `medimirror sync --help`. In reverse, as CLI11 wants them.
std::vector<std::string> words_of(int argc, char** argv) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  auto command = words.begin();
  while (command != words.end() && command->starts_with('-')) {
    const bool has_value = *command == "-c" || *command == "--config";
    command += has_value && command + 1 != words.end() ? 2 : 1;
  }
  if (command != words.end() && *command == "help") {
    words.erase(command);
    words.emplace_back("--help");
  }
  return {words.rbegin(), words.rend()};
}

// Nothing more than the name of the program or of a group: no command was meant, so help is what is wanted. A crontab
// that lost its last word must not look like success, so it is a mistake all the same.
bool is_bare(const CLI::App& app) {
  const CLI::App& command = named_command(app);
  return app.remaining(true).empty() && !command.get_subcommands({}).empty();
}

}  // namespace

ExitStatus run_command_line(int argc, char** argv) {
  CLI::App app("Mirrors the pictures of a Medipim catalogue into a plain directory.", "medimirror");
  Words words;
  add_commands(app, words);
  try {
    app.parse(words_of(argc, argv));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return static_cast<ExitStatus>(app.exit(error));  // --help, --version
    if (is_bare(app)) fmt::print(stderr, "{}\n", named_command(app).help());
    fmt::print(stderr, "medimirror: {}\n", sentence_of(app, error));
    return ExitStatus::usage;
  }
  if (const auto mistake = empty_value(app)) throw Error(ErrorKind::usage, *mistake);
  const bool holds_back = words.line.quiet && !answers_a_question(app);
  return holds_back ? run_quietly(words.chosen) : words.chosen();
}

}  // namespace medimirror
