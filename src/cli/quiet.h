// Role: `--quiet`: what a command prints is shown only when something went wrong, so that cron mails only then. Warnings and
// errors go to stderr as ever.
// Place: run_command_line runs the commands that report what they did in it; what answers a question is always shown.
// Limits: what is printed lies in memory until the end.
#pragma once

#include <functional>

#include "base/exit_status.h"

namespace CLI {
class App;
}

namespace medimirror {

// Of the command that was parsed: what it prints is what was asked for (a list, --json), whatever comes of it.
bool answers_a_question(const CLI::App& app);

ExitStatus run_quietly(const std::function<ExitStatus()>& command);

}  // namespace medimirror
