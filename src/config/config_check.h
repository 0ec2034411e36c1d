// Role: what no single setting can tell: settings that are missing, or that contradict each other.
// Place: the last step of loading; mistakes go into the list with those of the single settings.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace medimirror {

// Also completes what follows from other settings (allowed_hosts) and notes what is unusual (warnings).
void check_whole(Config& config, std::vector<std::string>& mistakes);

}  // namespace medimirror
