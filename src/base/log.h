// Role: the diary of a run, on stderr: what a person debugging it wants, never what the report already says.
// Nothing is global in the program but this logger. Secrets cannot be passed: Secret has no formatter.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace medimirror {

enum class LogLevel { debug, info, warning, error, off };

void set_log_level(LogLevel level);
bool log_enabled(LogLevel level);
void log_line(LogLevel level, std::string_view line);

template <typename... Args>
void log_debug(fmt::format_string<Args...> text, Args&&... args) {
  if (log_enabled(LogLevel::debug)) log_line(LogLevel::debug, fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
void log_info(fmt::format_string<Args...> text, Args&&... args) {
  if (log_enabled(LogLevel::info)) log_line(LogLevel::info, fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
void log_warning(fmt::format_string<Args...> text, Args&&... args) {
  if (log_enabled(LogLevel::warning))
    log_line(LogLevel::warning, fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
void log_error(fmt::format_string<Args...> text, Args&&... args) {
  if (log_enabled(LogLevel::error)) log_line(LogLevel::error, fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace medimirror
