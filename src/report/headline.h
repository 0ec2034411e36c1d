// Role: the one sentence that says what became of a run: what is done, why not all, and what happens next. Pure.
#pragma once

#include <string>
#include <string_view>

#include "report/run_report.h"

namespace medimirror {

std::string headline(const RunReport& report);  // no final full stop

// Text of the wire in one line of limited length that cannot steer the terminal.
std::string shown(std::string_view text);

std::string counted(std::uint64_t count, std::string_view one,
                    std::string_view many);  // "1 file", "2 000 files"

}  // namespace medimirror
