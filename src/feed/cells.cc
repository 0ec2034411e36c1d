#include "feed/cells.h"

#include <algorithm>

#include "feed/fitted_text.h"

namespace medimirror {

namespace {

bool needs_apostrophe(std::string_view text) {
  return is_formula_like(text.substr(std::min(text.find_first_not_of('\''), text.size())));
}

bool needs_quotes(std::string_view text, char separator) {
  return text.find_first_of("\"\n\r\t") != std::string_view::npos ||
         text.find(separator) != std::string_view::npos;
}

}  // namespace

void CellRow::add(std::string_view text) {
  if (!first_) out_ += separator_;
  first_ = false;
  const bool apostrophe = formulas_ == Formulas::apostrophe && needs_apostrophe(text);
  const bool quotes = needs_quotes(text, separator_);
  if (quotes) out_ += '"';
  if (apostrophe) out_ += '\'';
  for (const char c : text) {
    if (c == '"') out_ += '"';
    out_ += c;
  }
  if (quotes) out_ += '"';
}

}  // namespace medimirror
