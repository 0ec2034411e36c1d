#include "shop/delimited_text.h"

#include <algorithm>
#include <array>
#include <optional>

namespace medimirror {

namespace {

constexpr std::array<char, 3> kSeparators{';', ',', '\t'};

// The first line that is neither blank nor a remark.
std::string_view telling_line(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
    if (line.find_first_not_of(" \t") != line.npos && !line.starts_with('#')) break;
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return text;
}

char separator_of(std::string_view text) {
  std::array<std::size_t, kSeparators.size()> counts{};
  bool quoted = false;
  for (const char c : telling_line(text)) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\n' || c == '\r') break;
    for (std::size_t i = 0; i < kSeparators.size(); ++i) counts[i] += c == kSeparators[i] ? 1 : 0;
  }
  std::size_t best = 0;
  for (std::size_t i = 1; i < counts.size(); ++i)
    if (counts[i] > counts[best]) best = i;
  return kSeparators[best];
}

// Excel's own first line, sep=; or "sep=;", perhaps with empty cells behind it. Nothing: it is another line.
std::optional<char> named_separator(std::string_view line) {
  std::string plain;
  for (const char c : line)
    if (c != '"' && c != ' ') plain += c;
  constexpr std::string_view kWord = "sep=";
  if (plain.size() <= kWord.size()) return std::nullopt;
  for (std::size_t i = 0; i < kWord.size(); ++i)
    if ((plain[i] | 0x20) != (kWord[i] | 0x20)) return std::nullopt;
  const char separator = plain[kWord.size()];
  return plain.find_first_not_of(separator, kWord.size()) == plain.npos ? std::optional(separator)
                                                                        : std::nullopt;
}

}  // namespace

DelimitedText::DelimitedText(std::string_view text) : rest_(text), separator_(separator_of(text)) {
  const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
  const std::optional<char> named = named_separator(text.substr(0, end));
  if (!named) return;
  separator_ = *named;
  rest_.remove_prefix(end);
  if (rest_.starts_with('\r')) rest_.remove_prefix(1);
  if (rest_.starts_with('\n')) rest_.remove_prefix(1);
  line_ = 2;
}

bool DelimitedText::next(Row& row) {
  if (rest_.empty()) return false;
  row.line = line_;
  row.cells.assign(1, {});
  bool quoted = false, cell_began = false;
  while (!rest_.empty()) {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    const bool line_ends = c == '\n' || (c == '\r' && !rest_.starts_with('\n'));
    if (line_ends) ++line_;
    if (quoted) {
      if (c != '"') {
        row.cells.back() += c;
      } else if (rest_.starts_with('"')) {
        row.cells.back() += '"';
        rest_.remove_prefix(1);
      } else {
        quoted = false;
      }
    } else if (line_ends) {
      return true;
    } else if (c == separator_) {
      row.cells.emplace_back();
      cell_began = false;
      continue;
    } else if (c == '"' && !cell_began) {
      quoted = true;
    } else if (c != '\r') {
      row.cells.back() += c;
    }
    cell_began = cell_began || (c != ' ');
  }
  return true;
}

}  // namespace medimirror
