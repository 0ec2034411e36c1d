#include "fetch/host_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace medimirror {

namespace {

template <typename Take>
void each_line(std::string_view text, Take take) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
    const auto read = static_cast<std::size_t>(end - line.data());
    if (error == std::errc() && read + 1 < line.size() && line[read] == ' ' && number > 0)
      take(number, std::string(line.substr(read + 1)));
  }
}

std::string format_times(const std::vector<std::pair<std::string, WallTime>>& times) {
  std::string text;
  for (const auto& [address, time] : times)
    text += fmt::format("{} {}\n", time.time_since_epoch().count(), address);
  return text;
}

}  // namespace

HostMemory parse_host_memory(std::string_view pauses, std::string_view spacings, std::string_view bans) {
  HostMemory memory;
  const auto to_times = [](std::vector<std::pair<std::string, WallTime>>& times) {
    return [&times](std::int64_t number, std::string address) {
      times.emplace_back(std::move(address), WallTime(Millis(number)));
    };
  };
  each_line(pauses, to_times(memory.pauses));
  each_line(bans, to_times(memory.bans));
  each_line(spacings, [&](std::int64_t number, std::string origin) {
    memory.spacings.emplace_back(std::move(origin), std::chrono::microseconds(number));
  });
  return memory;
}

std::string format_pauses(const HostMemory& memory) {
  return format_times(memory.pauses);
}

std::string format_bans(const HostMemory& memory) {
  return format_times(memory.bans);
}

std::string format_spacings(const HostMemory& memory) {
  std::string text;
  for (const auto& [origin, spacing] : memory.spacings)
    text += fmt::format("{} {}\n", spacing.count(), origin);
  return text;
}

}  // namespace medimirror
