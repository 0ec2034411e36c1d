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
constexpr std::string_view kFilterKeys[] = {"published",    "organization", "targetGroup", "type",
                                            "photoType",    "linkType",     "createdAt",   "updatedSince",
                                            "touchedAt",    "product",      "available",   "locale",
                                            "visibleSides", "and",          "or",          "not"};
constexpr std::string_view kTimeKeys[] = {"createdAt", "updatedSince", "touchedAt"};
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

// Beyond it lies no time that is meant; a service that counts seconds in 32 bits takes it, too.
constexpr UnixSeconds kLatest = 2'147'483'647;

// "since" is a plain number; everything else has both its bounds.
Json range_of(std::string_view key, const TimeRange& range) {
  if (key == "updatedSince" && range.from && !range.until) return *range.from;
  const UnixSeconds from = range.from.value_or(0);
  return {{"from", from}, {"until", range.until.value_or(std::max(from, kLatest))}};
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

// Looks through a raw filter: what cannot be sent at all is a mistake, what we do not know a doubt.
class RawFilterCheck {
 public:
  void look_at(const Json& filter, const std::string& place, int depth) {
    if (depth > kRawDepthMax)
      return mistake(fmt::format("the filter is nested more than {} deep", kRawDepthMax));
    if (!filter.is_object())
      return mistake(fmt::format("{} must be an object with a key, as in {{\"published\": true}}, not {}",
                                 at(place), filter.type_name()));
    if (filter.empty())
      return mistake(
          fmt::format("{} is empty; it must hold a key, as in {{\"published\": true}}", at(place)));
    for (const auto& [key, value] : filter.items()) {
      const std::string inner = place.empty() ? key.substr(0, 60) : place + "." + key.substr(0, 60);
      if (key == "and" || key == "or")
        look_at_list(value, inner, depth);
      else if (key == "not")
        look_at(value, inner, depth + 1);
      else if (!is_one_of(key, kFilterKeys))
        doubt(fmt::format("{}: {}", at(place), not_one_of(key, kFilterKeys)));
      else
        look_at_value(key, value, inner);
    }
  }

  std::optional<std::string> first_mistake;
  std::vector<std::string> doubts;

 private:
  static constexpr std::size_t kDoubtsMax = 20;

  void mistake(std::string sentence) {
    if (!first_mistake) first_mistake = std::move(sentence);
  }
  void doubt(std::string sentence) {
    if (doubts.size() < kDoubtsMax) doubts.push_back(std::move(sentence));
  }

  void look_at_list(const Json& value, const std::string& place, int depth) {
    if (!value.is_array() || value.empty())
      return mistake(
          fmt::format("{} must be a list of filters, as in [{{\"published\": true}}, …]", at(place)));
    for (std::size_t i = 0; i < value.size(); ++i)
      look_at(value[i], fmt::format("{}[{}]", place, i), depth + 1);
  }

  void look_at_value(const std::string& key, const Json& value, const std::string& place) {
    if (key == "published" || key == "available") {
      if (!value.is_boolean())
        doubt(fmt::format("{} is usually true or false, not {}", at(place), value.dump().substr(0, 60)));
    } else if (is_one_of(key, kTimeKeys)) {
      look_at_time(value, place);
    } else {
      look_at_texts(value, place, text_check_of(key));
    }
  }

  static ValueCheck text_check_of(std::string_view key) {
    if (key == "type") return check_type;
    if (key == "photoType") return check_photo_type;
    if (key == "linkType") return check_link_type;
    if (key == "product") return check_product;
    if (key == "targetGroup") return check_target_group;
    if (key == "locale") return check_locale;
    return check_organization;
  }

  void look_at_texts(const Json& value, const std::string& place, ValueCheck check) {
    if (value.is_array())
      for (std::size_t i = 0; i < value.size(); ++i)
        look_at_texts(value[i], fmt::format("{}[{}]", place, i), check);
    else if (value.is_string()) {
      if (auto wrong = check(value.get_ref<const std::string&>()))
        doubt(fmt::format("{}: {}", at(place), *wrong));
    } else if (!value.is_number_integer() || check != check_organization) {
      doubt(fmt::format("{} is usually a text in quotes or a list of such, not {}", at(place),
                        value.type_name()));
    }
  }

  void look_at_time(const Json& value, const std::string& place) {
    if (value.is_number_integer()) return;
    if (!value.is_object() || value.empty())
      return doubt(
          fmt::format("{} is usually unix seconds (1767225600) or {{\"from\": …, \"until\": …}}", at(place)));
    for (const auto& [key, bound] : value.items()) {
      if (!is_one_of(key, kRangeKeys)) doubt(fmt::format("{}: {}", at(place), not_one_of(key, kRangeKeys)));
      if (!bound.is_number_integer())
        doubt(fmt::format("{}.{} is usually unix seconds, as in 1767225600", at(place), key.substr(0, 60)));
    }
  }
};

// Gives each range of times that has one bound alone the other one.
void close_ranges(Json& filter, int depth) {
  if (depth > kRawDepthMax) return;
  if (filter.is_array())
    for (Json& one : filter) close_ranges(one, depth + 1);
  if (!filter.is_object()) return;
  for (auto& [key, value] : filter.items()) {
    if (!is_one_of(key, kTimeKeys)) {
      close_ranges(value, depth + 1);
    } else if (value.is_object() && value.size() == 1 && is_one_of(value.begin().key(), kRangeKeys) &&
               value.begin()->is_number_integer()) {
      TimeRange range;
      const auto bound = value.begin()->get<UnixSeconds>();
      (value.begin().key() == "from" ? range.from : range.until) = bound;
      value = range_of(key, range);
    }
  }
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
  if (!created.empty()) all.push_back({{"createdAt", range_of("createdAt", created)}});
  if (!updated.empty()) all.push_back({{"updatedSince", range_of("updatedSince", updated)}});
  if (!raw_json.empty()) {
    Json raw = Json::parse(raw_json);
    close_ranges(raw, 1);
    all.push_back(std::move(raw));
  }
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
  if (parsed.error) return parsed.error;
  RawFilterCheck check;
  check.look_at(parsed.json, "", 1);
  return check.first_mistake;
}

std::vector<std::string> doubts_of_raw_filter(std::string_view json) {
  const ParsedFilter parsed = parse_filter(json);
  if (parsed.error) return {};
  RawFilterCheck check;
  check.look_at(parsed.json, "", 1);
  return std::move(check.doubts);
}

}  // namespace medimirror
