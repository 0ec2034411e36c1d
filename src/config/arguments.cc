#include "config/arguments.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/error.h"

namespace medimirror {

namespace {

bool may_start_a_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '{';
}

// "$DATA" of "/mnt/$DATA/pictures"; empty: there is none.
std::string_view variable_in(std::string_view path) {
  for (auto at = path.find('$'); at != path.npos && at + 1 < path.size(); at = path.find('$', at + 1)) {
    if (!may_start_a_name(path[at + 1])) continue;
    const auto end = path[at + 1] == '{' ? path.find('}', at) : path.find('/', at) - 1;
    return path.substr(at, std::min(end, path.size()) - at + 1);
  }
  return {};
}

// What stands for the home folder at the start of a path; empty: nothing.
std::string_view home_in(std::string_view path) {
  for (const std::string_view word : {"~", "$HOME", "${HOME}"})
    if (path == word || (path.starts_with(word) && path[word.size()] == '/')) return word;
  return {};
}

}  // namespace

std::uint64_t number_argument(std::string_view name, std::string_view text, std::uint64_t min,
                              std::uint64_t max) {
  const auto number = whole_number<std::uint64_t>(text);
  if (!number || *number < min || *number > max)
    throw Error(ErrorKind::usage,
                fmt::format("{} must be a whole number from {} to {}, not \"{}\"", name, min, max, text));
  return *number;
}

std::variant<std::filesystem::path, std::string> settled_path(const std::string& text,
                                                              const Environment& environment) {
  std::string path = text;
  if (const std::string_view word = home_in(text); !word.empty()) {
    const auto home = environment("HOME");
    if (!home || !home->starts_with('/'))
      return fmt::format(
          "is \"{}\", and nothing says where the home folder is (HOME is not set): write the "
          "path out",
          text);
    path = *home + text.substr(word.size());
  } else if (text.starts_with('~')) {
    return fmt::format(
        "is \"{}\": only a shell knows the home folder of others; write the path out, or "
        "\"./{}\" for a name that starts so",
        text, text);
  }
  if (const std::string_view variable = variable_in(path); !variable.empty())
    return fmt::format(
        "is \"{}\": {} is not replaced by its value here (only $HOME at the start is); write "
        "the path out",
        text, variable);
  return std::filesystem::path(path);
}

std::filesystem::path path_argument(std::string_view name, const std::string& text) {
  if (text.empty()) throw Error(ErrorKind::usage, fmt::format("{} is empty: name a file or folder", name));
  const auto settled = settled_path(text, process_environment());
  if (const auto* problem = std::get_if<std::string>(&settled))
    throw Error(ErrorKind::usage, fmt::format("{} {}", name, *problem));
  return std::get<std::filesystem::path>(settled);
}

}  // namespace medimirror
