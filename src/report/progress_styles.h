// Role: the three ways to show progress, and what they share: writing to a descriptor that may be slow or
// gone.
// Failure: none. Progress that cannot be shown is dropped: it must never stop a run.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "report/progress.h"

namespace medimirror {

std::unique_ptr<Progress> make_terminal_progress(int fd, SteadyTime start);
std::unique_ptr<Progress> make_plain_progress(int fd, SteadyTime start);
std::unique_ptr<Progress> make_json_progress(int fd, SteadyTime start);

void show(int fd, std::string_view text);

// "https://media.example: it fails each request (connect), for 12 s; asked again in 30 s; given up in 4 min 18 s".
// What matters most comes first, as a narrow terminal shows no more than that.
std::string describe(const Waiting& waiting, SteadyTime now);

// Nothing while the time has passed already.
std::optional<Millis> until(const std::optional<SteadyTime>& time, SteadyTime now);

}  // namespace medimirror
