// Role: a product's name -> a text that a system can take, and what had to be done for it. Names come from the service
// and may be anything: 10 KB, line ends, quotes, a zero byte. Pure.
// Rule: what is not UTF-8 and, unless they may stay, control characters other than tab and line ends become U+FFFD; a
// forbidden sign becomes a space; what is too long is cut between two characters. Nothing else is touched: direction
// marks, quotes and separators are the business of the file's quoting.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace medimirror {

struct TextRule {
  std::size_t characters_max = 0;  // 0: no limit
  std::string_view forbidden = {};
  bool keep_controls = false;
};

struct FittedText {
  std::string text;
  bool changed = false, cut = false;
  bool operator==(const FittedText&) const = default;
};

FittedText fit_text(std::string_view text, const TextRule& rule);

}  // namespace medimirror
