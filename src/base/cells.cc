#include "base/cells.h"

#include <algorithm>

namespace medimirror {

namespace {

bool needs_apostrophe(std::string_view text) {
  return is_formula_like(text.substr(std::min(text.find_first_not_of('\''), text.size())));
}

// What people open may be split at another separator than the one it was written with.
bool needs_quotes(std::string_view text, char separator, Formulas formulas) {
  return text.find_first_of("\"\n\r\t") != text.npos || text.find(separator) != text.npos ||
         (formulas == Formulas::apostrophe && text.find(';') != text.npos);
}

}  // namespace

bool is_formula_like(std::string_view text) {
  return !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
}

void CellRow::add(std::string_view text) {
  if (!first_) out_ += separator_;
  first_ = false;
  const bool apostrophe = formulas_ == Formulas::apostrophe && needs_apostrophe(text);
  const bool quotes = needs_quotes(text, separator_, formulas_);
  if (quotes) out_ += '"';
  if (apostrophe) out_ += '\'';
  for (const char c : text) {
    if (c == '"') out_ += '"';
    out_ += c;
  }
  if (quotes) out_ += '"';
}

}  // namespace medimirror
