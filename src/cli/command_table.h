// Role: the commands of the program and the words that each takes, for CLI11.
// Place: run_command_line parses with it, then calls what was chosen.
// Rule: every number comes in as text and is read by number_argument: CLI11 takes 0010 for eight and -1 for a very large
// number.
// Failure: a word that cannot be meant throws Error{usage} from the call, CLI::ParseError from the parsing.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "cli/commands.h"
#include "store/record.h"

namespace medimirror {

// What the command line said, before the configuration is read.
struct CommandLine {
  std::string config_file;  // empty: not given
  Overrides overrides;
  bool verbose = false, quiet = false;

  Config config() const;
};

struct Words {
  CommandLine line;
  std::function<ExitStatus()> chosen;
  InitWords init;
  SyncFlags sync;
  std::string codes_file, max_delete, max_replace;
  bool retire_now = false;
  ListFlags list;
  std::string show_what;
  std::uint64_t port = 8700;
  bool status_json = false, show_json = false, diff_json = false, doctor_json = false;
  ExportFlags export_;
  VerifyFlags verify;
  RepairFlags repair;
  GcFlags gc;
  HistoryFlags history;
  RunNumber diff_from = 0, diff_to = 0;
  std::optional<RunNumber> undo_run;
  ChangesFlags changes;
  UndoFlags undo;
  std::string adopt_folder;
  AdoptFlags adopt;
};

// `words` outlives the parsing and the call of words.chosen.
void add_commands(CLI::App& app, Words& words);

}  // namespace medimirror
