// Role: the three ways to show progress, and what they share: writing to a descriptor that may be slow or
// gone.
// Failure: none. Progress that cannot be shown is dropped: it must never stop a run.
#pragma once

#include <memory>
#include <string_view>

#include "report/progress.h"

namespace medimirror {

std::unique_ptr<Progress> make_terminal_progress(int fd, SteadyTime start);
std::unique_ptr<Progress> make_plain_progress(int fd, SteadyTime start);
std::unique_ptr<Progress> make_json_progress(int fd, SteadyTime start);

void show(int fd, std::string_view text);

}  // namespace medimirror
