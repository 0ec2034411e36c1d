#include "api/filter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <set>
#include <span>

namespace medimirror {

namespace {

using Json = nlohmann::ordered_json;
using Names = std::span<const std::string_view>;

constexpr std::string_view kTypes[] = {"photo", "frontal", "link"};
constexpr std::string_view kPhotoTypes[] = {"packshot", "productshot", "pillshot", "lifestyle_image"};
constexpr std::string_view kLinkTypes[] = {"app", "brochure", "video", "website"};
constexpr std::string_view kTargetGroups[] = {"public",   "pharmacist", "doctor",          "homecare",
                                              "hospital", "nurse",      "physiotherapist", "webshop"};
constexpr std::string_view kFilterKeys[] = {
    "published",    "organization", "targetGroup", "type",   "photoType", "linkType", "createdAt",
    "updatedSince", "product",      "available",   "locale", "and",       "or",       "not"};
constexpr std::string_view kRangeKeys[] = {"from", "until"};

constexpr std::size_t kRawBytesMax = 64 * 1024;
constexpr int kRawDepthMax = 32;

// ---- did you mean

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (std::tolower(a[i - 1]) == std::tolower(b[j - 1]) ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, change}));
    }
  }
  return row.back();
}

std::string not_one_of(std::string_view what, Names names) {
  std::string sentence = fmt::format("\"{}\" is not one of {}", what.substr(0, 60), fmt::join(names, ", "));
  if (what.size() > 60) return sentence;
  const auto nearest = std::ranges::min_element(
      names, {}, [what](std::string_view name) { return edit_distance(what, name); });
  if (edit_distance(what, *nearest) <= std::max<std::size_t>(2, what.size() / 3))
    sentence += fmt::format("; did you mean \"{}\"?", *nearest);
  return sentence;
}

bool is_one_of(std::string_view what, Names names) {
  return std::ranges::find(names, what) != names.end();
}

// "nl", "fr", "en_GB"
bool is_locale(std::string_view text) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto letter = [&](char c) { return lower(c) || (c >= 'A' && c <= 'Z'); };
  if (text.size() < 2 || !std::ranges::all_of(text.substr(0, 2), lower)) return false;
  if (text.size() == 2) return true;
  return text.size() == 5 && (text[2] == '_' || text[2] == '-') &&
         std::ranges::all_of(text.substr(3), letter);
}

bool is_product_id(std::string_view text) {
  return text.size() > 1 && text.size() <= 40 && text.front() == 'M' &&
         std::ranges::all_of(text.substr(1),
                             [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
}

// Nothing: it can be meant.
using ValueCheck = std::optional<std::string> (*)(std::string_view);

std::optional<std::string> check_type(std::string_view text) {
  return is_one_of(text, kTypes) ? std::nullopt : std::optional(not_one_of(text, kTypes));
}
std::optional<std::string> check_photo_type(std::string_view text) {
  return is_one_of(text, kPhotoTypes) ? std::nullopt : std::optional(not_one_of(text, kPhotoTypes));
}
std::optional<std::string> check_link_type(std::string_view text) {
  return is_one_of(text, kLinkTypes) ? std::nullopt : std::optional(not_one_of(text, kLinkTypes));
}
std::optional<std::string> check_target_group(std::string_view text) {
  return is_one_of(text, kTargetGroups) ? std::nullopt : std::optional(not_one_of(text, kTargetGroups));
}
std::optional<std::string> check_locale(std::string_view text) {
  if (is_locale(text)) return std::nullopt;
  return fmt::format("\"{}\" is not a locale; write it as in \"nl\", \"fr\", \"en\"", text.substr(0, 60));
}
std::optional<std::string> check_product(std::string_view text) {
  if (is_product_id(text)) return std::nullopt;
  return fmt::format(
      "\"{}\" is not a Medipim product id; they look like \"M5489B0D8B\" (a CNK or EAN is not one)",
      text.substr(0, 60));
}
std::optional<std::string> check_organization(std::string_view text) {
  if (!text.empty()) return std::nullopt;
  return "an organization id cannot be empty";
}

// ---- typed keys

Json one_of(std::string_view key, const std::vector<std::string>& values) {
  Json any = Json::array();
  for (const std::string& value : values) any.push_back({{key, value}});
  if (any.size() == 1) return any[0];
  return {{"or", any}};
}

Json range_of(const TimeRange& range) {
  Json json = Json::object();
  if (range.from) json["from"] = *range.from;
  if (range.until) json["until"] = *range.until;
  return json;
}

struct TypedList {
  std::string_view config_key, filter_key;
  const std::vector<std::string>& values;
  ValueCheck check;
};

std::vector<TypedList> lists_of(const MediaFilter& filter) {
  return {{"types", "type", filter.types, check_type},
          {"photo_types", "photoType", filter.photo_types, check_photo_type},
          {"locales", "locale", filter.locales, check_locale},
          {"target_groups", "targetGroup", filter.target_groups, check_target_group},
          {"organizations", "organization", filter.organizations, check_organization},
          {"products", "product", filter.products, check_product}};
}

std::optional<std::string> check_range(std::string_view key, const TimeRange& range) {
  if (!range.from || !range.until || *range.from <= *range.until) return std::nullopt;
  return fmt::format("{0}_from is later than {0}_until, so nothing can match", key);
}

// ---- raw filters

std::string at(const std::string& place) {
  return place.empty() ? "filter" : "filter " + place;
}

std::optional<std::string> check_texts(const Json& value, const std::string& place, ValueCheck check,
                                       bool may_be_list) {
  if (value.is_string()) {
    if (auto wrong = check(value.get_ref<const std::string&>()))
      return fmt::format("{}: {}", at(place), *wrong);
    return std::nullopt;
  }
  if (!may_be_list) return fmt::format("{} must be a text in quotes, not {}", at(place), value.type_name());
  if (!value.is_array() || value.empty())
    return fmt::format("{} must be a text in quotes or a list of such, not {}", at(place),
                       value.is_array() ? "an empty list" : value.type_name());
  for (std::size_t i = 0; i < value.size(); ++i)
    if (auto wrong = check_texts(value[i], fmt::format("{}[{}]", place, i), check, false)) return wrong;
  return std::nullopt;
}

std::optional<std::string> check_time(const Json& value, const std::string& place) {
  if (value.is_number_integer()) return std::nullopt;
  if (!value.is_object() || value.empty())
    return fmt::format("{} must be unix seconds (1767225600) or {{\"from\": …, \"until\": …}}", at(place));
  for (const auto& [key, bound] : value.items()) {
    if (!is_one_of(key, kRangeKeys)) return fmt::format("{}: {}", at(place), not_one_of(key, kRangeKeys));
    if (!bound.is_number_integer())
      return fmt::format("{}.{} must be unix seconds, as in 1767225600", at(place), key);
  }
  return std::nullopt;
}

std::optional<std::string> check_object(const Json& filter, const std::string& place, int depth);

std::optional<std::string> check_list(const Json& value, const std::string& place, int depth) {
  if (!value.is_array() || value.empty())
    return fmt::format("{} must be a list of filters, as in [{{\"published\": true}}, …]", at(place));
  for (std::size_t i = 0; i < value.size(); ++i)
    if (auto wrong = check_object(value[i], fmt::format("{}[{}]", place, i), depth + 1)) return wrong;
  return std::nullopt;
}

std::optional<std::string> check_value(const std::string& key, const Json& value, const std::string& place,
                                       int depth) {
  if (key == "and" || key == "or") return check_list(value, place, depth);
  if (key == "not") return check_object(value, place, depth + 1);
  if (key == "published" || key == "available") {
    if (value.is_boolean()) return std::nullopt;
    return fmt::format("{} must be true or false, not {}", at(place), value.dump().substr(0, 60));
  }
  if (key == "createdAt" || key == "updatedSince") return check_time(value, place);
  if (key == "type") return check_texts(value, place, check_type, false);
  if (key == "photoType") return check_texts(value, place, check_photo_type, false);
  if (key == "linkType") return check_texts(value, place, check_link_type, false);
  if (key == "organization") return check_texts(value, place, check_organization, false);
  if (key == "product") return check_texts(value, place, check_product, false);
  if (key == "targetGroup") return check_texts(value, place, check_target_group, true);
  return check_texts(value, place, check_locale, true);  // the one key left
}

std::optional<std::string> check_object(const Json& filter, const std::string& place, int depth) {
  if (depth > kRawDepthMax) return fmt::format("the filter is nested more than {} deep", kRawDepthMax);
  if (!filter.is_object())
    return fmt::format("{} must be an object with one key, as in {{\"published\": true}}, not {}", at(place),
                       filter.type_name());
  if (filter.size() != 1) {
    if (filter.empty())
      return fmt::format("{} is empty; it must hold one key, as in {{\"published\": true}}", at(place));
    std::vector<std::string> keys;
    for (const auto& [key, value] : filter.items()) keys.push_back(key.substr(0, 60));
    return fmt::format("{} holds {} keys ({}); a filter has one: put them into a list under \"and\"",
                       at(place), filter.size(), fmt::join(keys, ", "));
  }
  const std::string& key = filter.begin().key();
  if (!is_one_of(key, kFilterKeys)) return fmt::format("{}: {}", at(place), not_one_of(key, kFilterKeys));
  return check_value(key, filter.begin().value(), place.empty() ? key : place + "." + key, depth);
}

// The JSON library lets the last of two equal keys win without a word: what the user wrote first would be
// lost.
struct DuplicateKeys {
  std::vector<std::set<std::string>> open;
  std::optional<std::string> found;

  bool operator()(int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) open.emplace_back();
    if (event == Json::parse_event_t::object_end) open.pop_back();
    if (event == Json::parse_event_t::key && !open.back().insert(value.get<std::string>()).second && !found)
      found = value.get<std::string>();
    return true;
  }
};

struct ParsedFilter {
  Json json;
  std::optional<std::string> error;
};

std::string line_and_column(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte > 0 ? byte - 1 : 0, text.size()));
  const auto line = std::ranges::count(before, '\n') + 1;
  const auto last = before.rfind('\n');
  return fmt::format("line {}, column {}", line,
                     before.size() - (last == std::string_view::npos ? 0 : last + 1) + 1);
}

ParsedFilter parse_filter(std::string_view text) {
  if (text.size() > kRawBytesMax) return {{}, "the filter is longer than 64 KB"};
  // nesting is bounded before parsing: the library's parser is iterative, its destructor need not be
  if (std::ranges::count(text, '[') + std::ranges::count(text, '{') > 20'000)
    return {{}, "the filter holds more than 20000 objects and lists"};
  DuplicateKeys duplicates;
  try {
    Json json = Json::parse(text.begin(), text.end(), std::ref(duplicates));
    if (duplicates.found)
      return {
          {},
          fmt::format("the filter has the key \"{}\" twice in one object; put both into a list under \"and\"",
                      duplicates.found->substr(0, 60))};
    return {std::move(json), std::nullopt};
  } catch (const Json::parse_error& error) {
    return {
        {},
        fmt::format("the filter is not JSON from {} on; keys and texts need double quotes, and no comma may "
                    "follow the last entry",
                    line_and_column(text, error.byte))};
  } catch (const Json::out_of_range&) {
    return {{}, "the filter holds a number that is too large to be meant"};
  }
}

}  // namespace

std::string MediaFilter::to_json() const {
  Json all = Json::array();
  if (published) all.push_back({{"published", *published}});
  if (available) all.push_back({{"available", *available}});
  for (const TypedList& list : lists_of(*this))
    if (!list.values.empty()) all.push_back(one_of(list.filter_key, list.values));
  if (!created.empty()) all.push_back({{"createdAt", range_of(created)}});
  if (!updated.empty()) all.push_back({{"updatedSince", range_of(updated)}});
  if (!raw_json.empty()) all.push_back(Json::parse(raw_json));
  // a filter is required; that an empty "and" is one is not documented, this is
  if (all.empty()) all.push_back(Json{{"or", Json::array({{{"published", true}}, {{"published", false}}})}});
  // a text that is not UTF-8 must not end in an exception of the library
  const auto text_of = [](const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  return all.size() == 1 ? text_of(all[0]) : text_of(Json{{"and", all}});
}

std::optional<std::string> check(const MediaFilter& filter) {
  for (const TypedList& list : lists_of(filter))
    for (const std::string& value : list.values)
      if (auto wrong = list.check(value)) return fmt::format("{}: {}", list.config_key, *wrong);
  if (auto wrong = check_range("created", filter.created)) return wrong;
  if (auto wrong = check_range("updated", filter.updated)) return wrong;
  if (!filter.raw_json.empty()) return check_raw_filter(filter.raw_json);
  return std::nullopt;
}

std::optional<std::string> check_raw_filter(std::string_view json) {
  const ParsedFilter parsed = parse_filter(json);
  return parsed.error ? parsed.error : check_object(parsed.json, "", 1);
}

}  // namespace medimirror
