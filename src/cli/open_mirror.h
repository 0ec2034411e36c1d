// Role: the mirror that the configuration names, opened to be looked at; whoever writes may be at work meanwhile.
// Failure: throws Error{config} where no sync has been yet, and what opening an index throws.
#pragma once

#include <memory>

#include "config/config.h"
#include "store/index.h"

namespace medimirror {

void require_store(const Config& config);

std::unique_ptr<Index> open_mirror(const Config& config);

}  // namespace medimirror
