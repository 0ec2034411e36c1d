// Role: a TOML file -> sections of keys and values with the line where each stands. Knows TOML and no
// setting.
// Place: config.cc holds what comes out against the table of the settings.
// Failure: a file that is not TOML is a mistake with line and column; one that cannot be read throws
// Error{config}.
// Limits: 1 MB: what is larger is not a configuration.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_value.h"

namespace medimirror {

struct ConfigEntry {
  std::string key;
  ConfigValue value;
  std::size_t line = 0;
};

struct ConfigSection {
  std::string name;  // empty: the top of the file
  std::size_t line = 0;
  bool is_list = false;              // [[derivative]]: there may be several of this name
  std::vector<ConfigEntry> entries;  // in the order of the file
};

struct ConfigFile {
  std::vector<ConfigSection> sections;  // in the order of the file, the top first
  std::vector<std::string> mistakes;
};

ConfigFile read_config_file(const std::filesystem::path& path);
ConfigFile parse_config(std::string_view toml, const std::string& file_name);

}  // namespace medimirror
