// Role: a value of the configuration before anybody knows what it is for, and the kinds of setting that read
// it: yes or no, number, size, span of time, date, choice, list. A kind turns a value into its type, and the
// type into TOML.
// Place: made by config_file (typed) or from the environment and the flags (text); the kinds are the columns
// of the table in config_settings.
// Failure: reading returns what is wrong, as the rest of a sentence that starts with the key: "must be …, not
// …".
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/image.h"
#include "base/units.h"

namespace medimirror {

struct UnfitValue {
  std::string type;  // "a table", "a time of day": TOML that no setting takes
};

struct ConfigValue {
  std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>, UnfitValue> data;
  bool is_text = false;  // from the environment or a flag: a text that may mean a number, a list, yes or no

  std::string shown() const;  // for sentences: 33, "33", true, a list
};

using Problem = std::optional<std::string>;

template <typename T>
struct Kind {
  std::function<Problem(const ConfigValue&, T&)> read;  // leaves the target alone when there is a problem
  std::function<std::string(const T&)> write;  // as TOML; empty: not set, and TOML has no word for that
};

using TextCheck = std::function<Problem(const std::string&)>;

Kind<std::string> text_kind(TextCheck check = {});  // no control characters
Kind<std::filesystem::path> path_kind();
Kind<bool> flag_kind();
Kind<std::optional<bool>> flag_or_any_kind();  // true, false or "any"
Kind<std::uint64_t> bytes_kind(std::uint64_t min, std::uint64_t max);
template <typename Span>  // seconds or Millis
Kind<Span> span_kind(std::chrono::seconds min, std::chrono::seconds max);
Kind<std::optional<UnixSeconds>> date_kind();
Kind<CountOrShare> count_or_share_kind();
Kind<std::vector<std::string>> list_kind(std::function<Problem(const std::vector<std::string>&)> check = {});
Kind<Colour> colour_kind();
Kind<std::int64_t> number_kind(std::int64_t min, std::int64_t max);

template <typename T>
Kind<T> whole_kind(std::int64_t min, std::int64_t max) {
  return {[kind = number_kind(min, max)](const ConfigValue& value, T& into) {
            std::int64_t number = 0;
            const Problem problem = kind.read(value, number);
            if (!problem) into = static_cast<T>(number);
            return problem;
          },
          [](const T& number) { return std::to_string(number); }};
}

// What the text of a choice was matched against, as an index; or the problem.
std::variant<std::size_t, std::string> choose(const ConfigValue& value,
                                              const std::vector<std::string_view>& names);

std::string toml_text(std::string_view text);  // quoted

template <typename T>
Kind<T> choice_kind(std::vector<std::pair<std::string_view, T>> choices) {
  std::vector<std::string_view> names;
  for (const auto& [name, ignored] : choices) names.push_back(name);
  return {[choices, names](const ConfigValue& value, T& into) -> Problem {
            const auto chosen = choose(value, names);
            if (const auto* problem = std::get_if<std::string>(&chosen)) return *problem;
            into = choices[std::get<std::size_t>(chosen)].second;
            return std::nullopt;
          },
          [choices](const T& current) -> std::string {
            for (const auto& [name, each] : choices)
              if (each == current) return toml_text(name);
            return {};
          }};
}

}  // namespace medimirror
