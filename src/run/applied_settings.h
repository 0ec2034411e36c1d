// Role: settings that a run applies to everything that is held, as fingerprints: the index keeps those of the last run (setting_names.h),
// and where one differs the run has more to do than what was listed asks for. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/image.h"
#include "tree/publisher.h"

namespace medimirror {

std::string recipes_fingerprint(const std::vector<Recipe>& recipes, const std::string& source);
std::string layout_fingerprint(const PublishOptions& options);

}  // namespace medimirror
