// Role: what a command that is no sync made of media/, for the monitoring: it would otherwise not know of it before the next
// sync.
#pragma once

#include "config/config.h"
#include "store/index.h"

namespace medimirror {

void write_tree_gauges(const Config& config, const Index& index);
void write_tree_gauges(const Config& config);  // with no index open

}  // namespace medimirror
