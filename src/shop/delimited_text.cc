#include "shop/delimited_text.h"

#include <array>

namespace medimirror {

namespace {

char separator_of(std::string_view text) {
  constexpr std::array<char, 3> kSeparators{';', ',', '\t'};
  std::array<std::size_t, 3> counts{};
  bool quoted = false;
  for (const char c : text) {
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

}  // namespace

DelimitedText::DelimitedText(std::string_view text) : rest_(text), separator_(separator_of(text)) {}

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

std::string csv_cell(std::string_view text) {
  const bool is_formula = !text.empty() && std::string_view("=+-@\t").find(text.front()) != text.npos;
  std::string plain(is_formula ? "'" : "");
  plain += text;
  if (plain.find_first_of("\",;\n\r\t") == plain.npos) return plain;
  std::string quoted = "\"";
  for (const char c : plain) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace medimirror
