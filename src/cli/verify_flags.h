// Role: the words of `verify`, as repair uses them too.
#pragma once

#include "cli/commands.h"
#include "upkeep/verify.h"

namespace medimirror {

ExitStatus verify_remote_command(const Config& config, const VerifyFlags& flags);
VerifyOptions verify_options(const Config& config, const VerifyFlags& flags);

}  // namespace medimirror
