#include "base/page_quote.h"

#include <algorithm>

#include "base/ascii.h"

namespace medimirror {

namespace {

constexpr std::size_t kQuoteBytes = 100;

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// Bytes of a page as one printable line. A byte that is not part of well-formed UTF-8 becomes a '?'.
std::string one_line(std::string_view text, std::size_t bytes_max) {
  std::string line;
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    std::size_t length = first < 0x80                    ? 1
                         : first >= 0xC2 && first < 0xE0 ? 2
                         : (first & 0xF0) == 0xE0        ? 3
                                                         : 0;
    if (length > text.size() - at) length = 0;
    for (std::size_t i = 1; i < length; ++i)
      if ((static_cast<unsigned char>(text[at + i]) & 0xC0) != 0x80) length = 0;
    if (line.size() + std::max<std::size_t>(length, 1) > bytes_max) return line + "…";
    if (length <= 1) {
      const bool space = is_space(text[at]);
      if (!space || (!line.empty() && line.back() != ' '))
        line += space ? ' ' : first >= 0x20 && first < 0x7F ? text[at] : '?';
    } else if (first == 0xC2 && static_cast<unsigned char>(text[at + 1]) < 0xA0) {
      line += '?';  // a control character of the upper half: terminals obey some of them
    } else {
      line += text.substr(at, length);
    }
    at += std::max<std::size_t>(length, 1);
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

std::string text_without_tags(std::string_view html) {
  std::string text;
  bool in_tag = false;
  for (const char c : html) {
    if (c == '<') in_tag = true;
    if (!in_tag) text += c;
    if (c == '>' && in_tag) {
      in_tag = false;
      text += ' ';
    }
  }
  return text;
}

}  // namespace

std::string quote_of_page(std::string_view html) {
  constexpr std::size_t kTitleSearchBytes = 16 * 1024;
  const std::string lowered = lower(html.substr(0, kTitleSearchBytes));
  if (const std::size_t open = lowered.find("<title"); open != std::string::npos) {
    const std::size_t from = lowered.find('>', open);
    const std::size_t to = from == std::string::npos ? from : lowered.find("</title", from);
    if (to != std::string::npos) {
      std::string title = one_line(html.substr(from + 1, to - from - 1), kQuoteBytes);
      if (!title.empty()) return title;
    }
  }
  return one_line(text_without_tags(html.substr(0, kTitleSearchBytes)), kQuoteBytes);
}

}  // namespace medimirror
