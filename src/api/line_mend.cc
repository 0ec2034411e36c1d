#include "api/line_mend.h"

#include <algorithm>

namespace medimirror {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// The length of the character beyond ASCII that begins `text`; 0: it is not UTF-8. Neither over-long forms nor
// halves of surrogate pairs are.
std::size_t character_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t length = first >= 0xC2 && first < 0xE0   ? 2
                             : first >= 0xE0 && first < 0xF0 ? 3
                             : first >= 0xF0 && first < 0xF5 ? 4
                                                             : 0;
  if (length == 0 || length > text.size()) return 0;
  if (!std::ranges::all_of(text.substr(1, length - 1), continues)) return 0;
  const auto second = static_cast<unsigned char>(text[1]);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second >= 0xA0)) return 0;
  if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second >= 0x90)) return 0;
  return length;
}

}  // namespace

std::string without_bad_bytes(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text[0]);
    std::size_t length = 1;
    if (text.starts_with(kByteOrderMark)) {
      length = kByteOrderMark.size();
    } else if (byte < 0x80) {
      clean += byte < 0x20 ? ' ' : text[0];
    } else if (const std::size_t whole = character_length(text); whole > 0) {
      length = whole;
      clean += text.substr(0, whole);
    } else {
      clean += kReplacement;
    }
    text.remove_prefix(length);
  }
  return clean;
}

std::size_t whole_object(std::string_view text) {
  std::size_t depth = 0;
  bool in_text = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_text) {
      if (c == '\\') ++at;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}') {
      if (depth == 0) return 0;
      if (--depth == 0) return at + 1;
    } else if (depth == 0) {
      return 0;
    }
  }
  return 0;
}

std::size_t find_framed_object(std::string_view text, std::size_t from) {
  for (std::size_t at = text.find("\"meta\"", from); at != std::string_view::npos;
       at = text.find("\"meta\"", at + 1)) {
    const std::size_t open = text.rfind('{', at);
    if (open != std::string_view::npos && open >= from) return open;
  }
  return std::string_view::npos;
}

}  // namespace medimirror
