// Role: what is remembered of hosts from run to run, and as text, to be settings of the index.
// Format: "number origin", a line each: until when it asked to be left alone (milliseconds since 1970), how far apart it
// lets requests be (microseconds). What cannot be read is left out: it is only memory.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace medimirror {

struct HostMemory {
  std::vector<std::pair<std::string, WallTime>> pauses;  // by origin
  std::vector<std::pair<std::string, std::chrono::microseconds>> spacings;
};

HostMemory parse_host_memory(std::string_view pauses, std::string_view spacings);
std::string format_pauses(const HostMemory& memory);
std::string format_spacings(const HostMemory& memory);

}  // namespace medimirror
