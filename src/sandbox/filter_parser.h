// Role: the part of the filter language that media and products share: and/or/not, one key per object, and
// the shapes of values (one text or a list, a boolean, a date or a range).
// Place: media_filter and product_filter give the table of their keys.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

#include "sandbox/filter.h"

namespace medimirror::sandbox {

// The value of one key, with the means to refuse it.
class FilterValue {
 public:
  FilterValue(const nlohmann::json& json, std::string path, std::vector<Violation>& violations)
      : json_(json), path_(std::move(path)), violations_(violations) {}

  const nlohmann::json& json() const { return json_; }
  void refuse(std::string message) const { violations_.push_back({path_, std::move(message)}); }

  bool boolean() const;
  std::string text() const;
  std::vector<std::string> texts() const;  // one text or a list of them
  // Positions in `names`, of one name or a list; as bits.
  std::uint32_t one_or_more_of(const std::string_view* names, std::size_t count) const;
  int one_of(const std::string_view* names, std::size_t count) const;
  std::pair<UnixSeconds, UnixSeconds> range() const;  // a date is "from then on"; both ends belong to it

 private:
  const nlohmann::json& json_;
  std::string path_;
  std::vector<Violation>& violations_;
};

template <typename Facts>
using FilterKeys = std::unordered_map<std::string, std::function<Predicate<Facts>(const FilterValue&)>>;

constexpr int kFilterDepthMax = 32;

template <typename Facts>
Predicate<Facts> parse_filter(const nlohmann::json& filter, const std::string& path,
                              const FilterKeys<Facts>& keys, std::vector<Violation>& violations,
                              int depth = 0) {
  const auto refuse = [&](const std::string& where, std::string message) {
    violations.push_back({where, std::move(message)});
    return [](const Facts&) { return false; };
  };
  if (depth > kFilterDepthMax) return refuse(path, "the filter is nested too deeply");
  if (!filter.is_object()) return refuse(path, "a filter must be an object");
  if (filter.size() != 1) return refuse(path, "a filter object must have exactly one key");

  const std::string& key = filter.begin().key();
  const nlohmann::json& value = filter.begin().value();
  const std::string here = path + "." + key;
  if (key == "not") {
    return [inner = parse_filter<Facts>(value, here, keys, violations, depth + 1)](const Facts& facts) {
      return !inner(facts);
    };
  }
  if (key == "and" || key == "or") {
    if (!value.is_array()) return refuse(here, "must be a list of filters");
    std::vector<Predicate<Facts>> inner;
    for (std::size_t i = 0; i < value.size(); ++i)
      inner.push_back(
          parse_filter<Facts>(value[i], fmt::format("{}[{}]", here, i), keys, violations, depth + 1));
    if (key == "and")
      return [inner](const Facts& facts) {
        return std::all_of(inner.begin(), inner.end(), [&](const auto& test) { return test(facts); });
      };
    return [inner](const Facts& facts) {
      return std::any_of(inner.begin(), inner.end(), [&](const auto& test) { return test(facts); });
    };
  }
  const auto found = keys.find(key);
  if (found == keys.end()) return refuse(here, "unknown filter");
  return found->second(FilterValue(value, here, violations));
}

}  // namespace medimirror::sandbox
