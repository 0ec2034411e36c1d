// Role: the command line: words of the user -> calls.
// Place: main.cc calls run_command_line; each command lives in its own cmd_<name>.cc.
// Failure: throws Error; the sentence and the exit status are main's.
#pragma once

#include "base/exit_status.h"

namespace medimirror {

ExitStatus run_command_line(int argc, char** argv);

}  // namespace medimirror
