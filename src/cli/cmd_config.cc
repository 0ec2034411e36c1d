#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/units.h"
#include "cli/commands.h"
#include "shop/code_file.h"

namespace medimirror {

namespace {

std::string said_of(const CodeList& list) {
  if (list.wrong.empty()) return "";
  const WrongCode& first = list.wrong.front();
  return fmt::format("; {} of its lines are left out, such as line {}, \"{}\": {}",
                     format_count(list.wrong.size()), first.line, first.text, first.detail);
}

// What a sync would end over: sentences.
std::vector<std::string> what_is_missing(const Config& config) {
  std::vector<std::string> missing;
  const auto note = [&](const auto& ask) {
    try {
      ask();
    } catch (const Error& error) {
      missing.emplace_back(error.what());
    }
  };
  note([&] { require_api_key(config); });
  if (const std::filesystem::path& file = config.select.codes_file; !file.empty())
    note([&] {
      const CodeList list = read_code_file(file, config.select.codes_column);
      fmt::print("note: the list of codes {} asks for {} codes{}\n", file.native(),
                 format_count(list.codes.size()), said_of(list));
    });
  return missing;
}

}  // namespace

ExitStatus config_check_command(const Config& config) {
  for (const std::string& warning : config.warnings) fmt::print("note: {}\n", warning);
  const std::vector<std::string> missing = what_is_missing(config);
  if (missing.size() > 1)
    throw Error(ErrorKind::config, fmt::format("{} things are missing before a sync can run:\n  {}",
                                               missing.size(), fmt::join(missing, "\n  ")));
  if (!missing.empty()) throw Error(ErrorKind::config, missing.front());
  fmt::print("the configuration is fine; `medimirror doctor` tries disk, network and key\n");
  return ExitStatus::done;
}

ExitStatus config_show_command(const Config& config) {
  fmt::print("{}", to_toml(config));
  return ExitStatus::done;
}

}  // namespace medimirror
