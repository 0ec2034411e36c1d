// Role: what is remembered of hosts from run to run, and as text, to be settings of the index.
// Format: "number address", a line each: until when a host, or one picture of it, asked to be left alone (milliseconds since
// 1970); how far apart a host lets requests be (microseconds); since when it bans us, with a picture that it gave before.
// What cannot be read is left out: it is only memory.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace medimirror {

struct HostMemory {
  std::vector<std::pair<std::string, WallTime>> pauses = {};  // by origin, or by the URL of a picture
  std::vector<std::pair<std::string, std::chrono::microseconds>> spacings = {};  // by origin
  std::vector<std::pair<std::string, WallTime>> bans = {};  // by the URL of a picture that was granted
};

HostMemory parse_host_memory(std::string_view pauses, std::string_view spacings, std::string_view bans);
std::string format_pauses(const HostMemory& memory);
std::string format_spacings(const HostMemory& memory);
std::string format_bans(const HostMemory& memory);

}  // namespace medimirror
