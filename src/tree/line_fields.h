// Role: several values in one line of text, for lists on disk: fields with tabs between, bytes outside
// [A-Za-z0-9._+@=,/-] as %XX, so that any value fits and equal values are equal bytes. Pure.
// Place: the journal, and the long lists that are sorted while views are planned.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ascii.h"

namespace medimirror {

void append_escaped(std::string& line, std::string_view text);
bool unescape(std::string_view text, std::string& into);  // false: not what append_escaped makes

template <typename Number>
bool read_number(std::string_view text, Number& into) {
  const std::optional<Number> number = whole_number<Number>(text);
  if (number) into = *number;
  return number.has_value();
}

// Fills all of `fields`; false: the line has another number of them.
template <typename Fields>
bool split_fields(std::string_view line, Fields& fields) {
  for (std::size_t at = 0; at < fields.size(); ++at) {
    const auto tab = line.find('\t');
    if ((tab == std::string_view::npos) != (at + 1 == fields.size())) return false;
    fields[at] = line.substr(0, tab);
    if (tab != std::string_view::npos) line.remove_prefix(tab + 1);
  }
  return true;
}

}  // namespace medimirror
