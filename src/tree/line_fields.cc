#include "tree/line_fields.h"

#include <fmt/format.h>

#include <iterator>

namespace medimirror {

namespace {

bool is_plain(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '+' || c == '@' || c == '=' || c == ',' || c == '/' || c == '-';
}

}  // namespace

void append_escaped(std::string& line, std::string_view text) {
  for (const char c : text) {
    if (is_plain(c))
      line += c;
    else
      fmt::format_to(std::back_inserter(line), "%{:02x}", static_cast<unsigned char>(c));
  }
}

bool unescape(std::string_view text, std::string& into) {
  into.clear();
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      into += text[at];
      continue;
    }
    unsigned value = 0;
    if (at + 2 >= text.size()) return false;
    const auto [end, error] = std::from_chars(text.data() + at + 1, text.data() + at + 3, value, 16);
    if (error != std::errc() || end != text.data() + at + 3) return false;
    into += static_cast<char>(value);
    at += 2;
  }
  return true;
}

}  // namespace medimirror
