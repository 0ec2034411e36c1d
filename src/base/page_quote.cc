#include "base/page_quote.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/foreign_text.h"

namespace medimirror {

namespace {

constexpr std::size_t kQuoteBytes = 100;

// Bytes of a page as one printable line.
std::string one_line(std::string_view text, std::size_t bytes_max) {
  std::string line;
  for (const char c : plain_line(text))
    if (c != ' ' || (!line.empty() && line.back() != ' ')) line += c;
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return cut_short(std::move(line), bytes_max);
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
