#include "sandbox/filter_parser.h"

#include <limits>

namespace medimirror::sandbox {

bool FilterValue::boolean() const {
  if (!json_.is_boolean()) return refuse("must be true or false"), false;
  return json_.get<bool>();
}

std::string FilterValue::text() const {
  if (!json_.is_string()) return refuse("must be a string"), std::string();
  return json_.get<std::string>();
}

std::vector<std::string> FilterValue::texts() const {
  if (json_.is_string()) return {json_.get<std::string>()};
  std::vector<std::string> texts;
  if (!json_.is_array()) return refuse("must be a string or a list of strings"), texts;
  for (const auto& element : json_) {
    if (!element.is_string()) return refuse("must be a string or a list of strings"), texts;
    texts.push_back(element.get<std::string>());
  }
  return texts;
}

std::uint32_t FilterValue::one_or_more_of(const std::string_view* names, std::size_t count) const {
  std::uint32_t bits = 0;
  for (const std::string& text : texts()) {
    const auto* const found = std::find(names, names + count, text);
    if (found == names + count) {
      refuse(fmt::format("\"{}\" is not one of {}", text, fmt::join(names, names + count, ", ")));
    } else {
      bits |= 1u << (found - names);
    }
  }
  return bits;
}

int FilterValue::one_of(const std::string_view* names, std::size_t count) const {
  if (!json_.is_string()) return refuse("must be a string"), -1;
  const auto wanted = json_.get<std::string>();
  const auto* const found = std::find(names, names + count, wanted);
  if (found == names + count)
    return refuse(fmt::format("\"{}\" is not one of {}", wanted, fmt::join(names, names + count, ", "))), -1;
  return static_cast<int>(found - names);
}

std::pair<UnixSeconds, UnixSeconds> FilterValue::range() const {
  constexpr UnixSeconds kForever = std::numeric_limits<UnixSeconds>::max();
  if (json_.is_number_integer()) return {json_.get<UnixSeconds>(), kForever};
  std::pair<UnixSeconds, UnixSeconds> range{0, kForever};
  if (!json_.is_object() || json_.empty()) {
    refuse("must be unix seconds or an object with \"from\" and \"until\"");
    return range;
  }
  for (const auto& [key, value] : json_.items()) {
    if (value.is_null()) continue;
    if ((key != "from" && key != "until") || !value.is_number_integer()) {
      refuse("\"from\" and \"until\" must be unix seconds, and there are no other keys");
    } else {
      (key == "from" ? range.first : range.second) = value.get<UnixSeconds>();
    }
  }
  return range;
}

}  // namespace medimirror::sandbox
