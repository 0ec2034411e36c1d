// Role: rows of cells as RFC 4180 writes them, with any separator. Pure.
// Format: a cell with the separator, a quote, a line end or a tab is quoted, and in files that people open one with a
// semicolon, which Excel splits at in most of Europe. Lines end in \n, unless end() is told otherwise.
// Formulas: a spreadsheet runs a cell that starts with = + - @. Files that people open get an apostrophe in front of
// such a cell (and of one that starts with apostrophes before such a sign), so that taking one apostrophe off again gives
// back every text. Files that an importer reads keep the text, as an apostrophe would end up in the shop.
#pragma once

#include <string>
#include <string_view>

namespace medimirror {

// A spreadsheet takes a text that starts like this for a formula.
bool is_formula_like(std::string_view text);

enum class Formulas { keep, apostrophe };

class CellRow {
 public:
  // Appends to `out`, which outlives it.
  CellRow(std::string& out, char separator, Formulas formulas)
      : out_(out), separator_(separator), formulas_(formulas) {}

  void add(std::string_view text);
  void end(std::string_view line_end = "\n") {
    out_ += line_end;
    first_ = true;
  }

 private:
  std::string& out_;
  char separator_;
  Formulas formulas_;
  bool first_ = true;
};

}  // namespace medimirror
