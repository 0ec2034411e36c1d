#include "config/config_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"

namespace medimirror {

namespace {

constexpr std::size_t kFileBytesMax = 1'000'000;

std::string date_text(const toml::date& date) {
  return fmt::format("{:04}-{:02}-{:02}", date.year, unsigned{date.month}, unsigned{date.day});
}

// A date and time without an offset is taken as UTC, like every other time in the program.
ConfigValue time_value(const toml::date_time& moment) {
  const std::string text =
      fmt::format("{}T{:02}:{:02}:{:02}Z", date_text(moment.date), unsigned{moment.time.hour},
                  unsigned{moment.time.minute}, unsigned{moment.time.second});
  if (!moment.offset || moment.offset->minutes == 0) return {text};
  const auto utc = parse_utc(text);
  if (!utc) return {text};
  return {std::int64_t{*utc - moment.offset->minutes * 60}};
}

ConfigValue list_value(const toml::array& array) {
  std::vector<std::string> texts;
  for (const toml::node& node : array) {
    const auto text = node.value_exact<std::string>();
    if (!text) return {UnfitValue{"a list that holds something else"}};
    texts.push_back(*text);
  }
  return {std::move(texts)};
}

ConfigValue value_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::boolean:
      return {node.as_boolean()->get()};
    case toml::node_type::integer:
      return {std::int64_t{node.as_integer()->get()}};
    case toml::node_type::floating_point:
      return {node.as_floating_point()->get()};
    case toml::node_type::string:
      return {node.as_string()->get()};
    case toml::node_type::date:
      return {date_text(node.as_date()->get())};
    case toml::node_type::date_time:
      return time_value(node.as_date_time()->get());
    case toml::node_type::time:
      return {UnfitValue{"a time of day"}};
    case toml::node_type::array:
      return list_value(*node.as_array());
    case toml::node_type::table:
      return {UnfitValue{"a section of its own"}};
    case toml::node_type::none:
      break;
  }
  return {UnfitValue{"nothing"}};
}

// toml++ makes a table of each part of a dotted key, and takes them apart again one inside the other, on the stack.
std::optional<int> line_of_endless_key(std::string_view toml) {
  constexpr int kDotsMax = 1000;  // of a line, outside of its texts
  int line = 1, dots = 0;
  char quote = '\0';
  for (const char c : toml) {
    if (c == '\n') {
      ++line;
      dots = 0;
      quote = '\0';
    } else if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '.' && ++dots > kDotsMax) {
      return line;
    }
  }
  return std::nullopt;
}

class Reader {
 public:
  ConfigFile read(const toml::table& top) {
    file_.sections.push_back({});
    for (const auto& [key, node] : top) read_top(std::string(key.str()), key, node);
    // toml++ sorts keys by name; people read mistakes from the top of the file to its end
    std::ranges::stable_sort(file_.sections, {}, &ConfigSection::line);
    for (ConfigSection& section : file_.sections)
      std::ranges::stable_sort(section.entries, {}, &ConfigEntry::line);
    return std::move(file_);
  }

 private:
  void read_top(const std::string& name, const toml::key& key, const toml::node& node) {
    if (const toml::table* table = node.as_table()) {
      add_section(name, *table, false);
      return;
    }
    const toml::array* array = node.as_array();
    const bool is_list_of_sections =
        array != nullptr && !array->empty() && array->is_homogeneous(toml::node_type::table);
    if (is_list_of_sections)
      for (const toml::node& each : *array) add_section(name, *each.as_table(), true);
    else
      file_.sections.front().entries.push_back({name, value_of(node), key.source().begin.line});
  }

  void add_section(const std::string& name, const toml::table& table, bool is_list) {
    ConfigSection section{name, table.source().begin.line, is_list, {}};
    for (const auto& [key, node] : table)
      section.entries.push_back({std::string(key.str()), value_of(node), key.source().begin.line});
    file_.sections.push_back(std::move(section));
  }

  ConfigFile file_;
};

}  // namespace

ConfigFile parse_config(std::string_view toml, const std::string& file_name) {
  if (const std::optional<int> line = line_of_endless_key(toml)) {
    ConfigFile file;
    file.mistakes.push_back(fmt::format("{}:{}: a key of so many parts is none of ours", file_name, *line));
    return file;
  }
  try {
    return Reader().read(toml::parse(toml));
  } catch (const toml::parse_error& error) {
    const toml::source_position place = error.source().begin;
    ConfigFile file;
    file.mistakes.push_back(fmt::format("{}:{}:{}: this is not TOML: {}", file_name, place.line, place.column,
                                        error.description()));
    return file;
  }
}

ConfigFile read_config_file(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    throw Error(ErrorKind::config,
                fmt::format("there is no configuration {}; write one with: medimirror init {}", path.native(),
                            path.native()),
                "read the configuration");
  std::string text;
  try {
    text = read_file(path);
  } catch (const Error& error) {
    throw Error(ErrorKind::config, fmt::format("the configuration cannot be read: {}", error.what()),
                "read the configuration");
  }
  if (text.size() > kFileBytesMax)
    throw Error(
        ErrorKind::config,
        fmt::format("{} has {}: that is not a configuration", path.native(), format_bytes(text.size())),
        "read the configuration");
  return parse_config(text, path.native());
}

}  // namespace medimirror
