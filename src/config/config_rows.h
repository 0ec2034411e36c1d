// Role: writes the rows of the tables of settings: how to reach a value, and which kind of value it is.
// Place: config_settings.cc and config_lists.cc alone.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "config/config_settings.h"

namespace medimirror {

// Collects the rows of one section: how to reach the value (const or not), and which kind of value it is.
template <typename Target>
class Rows {
 public:
  Rows(std::string_view section, std::vector<Setting<Target>>& rows) : section_(section), rows_(rows) {}

  template <typename Access, typename T>
  void add(std::string_view key, Shown shown, std::string_view meaning, Kind<T> kind, Access access,
           std::string_view example = {}) {
    rows_.push_back(
        {section_, key, shown, meaning,
         [access, read = std::move(kind.read)](const ConfigValue& value, Target& target) {
           return read(value, access(target));
         },
         [access, write = std::move(kind.write)](const Target& target) { return write(access(target)); },
         example});
  }

 private:
  std::string_view section_;
  std::vector<Setting<Target>>& rows_;
};

}  // namespace medimirror
