// Role: the one table of all settings: section, key, what it means, how it is read and written. The file, the
// environment, the flags, `init` and `config show` all walk this table, so they cannot disagree.
// Place: rows are added here and nowhere else; the defaults stand in config.h.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/config_value.h"

namespace medimirror {

enum class Shown {
  yes,
  commented
};  // whether `init` writes the setting out, or as a comment that shows the default

template <typename Target>
struct Setting {
  std::string_view section, key;
  Shown shown = Shown::commented;
  std::string_view meaning;  // a sentence or two, for the comment above it
  std::function<Problem(const ConfigValue&, Target&)> read;
  std::function<std::string(const Target&)> write;  // empty: not set
  std::string_view example = {};                    // of a setting that has no default

  std::string name() const {  // "api.page_size", "root"
    return section.empty() ? std::string(key) : std::string(section) + "." + std::string(key);
  }
  std::string variable() const;  // "MEDIMIRROR_API_PAGE_SIZE"
};

struct SectionMeaning {
  std::string_view name, meaning;
};

const std::vector<SectionMeaning>& config_sections();  // in the order of the file, the top (empty name) first
const std::vector<Setting<Config>>& config_settings();
const std::vector<Setting<Recipe>>& derivative_settings();  // of one [[derivative]]
const std::vector<Setting<ViewSettings>>& view_settings();  // of one [[view]]

// Format keys that the service is known to list: a name outside of them is unusual, not wrong.
const std::vector<std::string_view>& known_formats();

}  // namespace medimirror
