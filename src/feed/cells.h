// Role: rows of cells as RFC 4180 writes them, with any separator. Pure.
// Format: a cell with the separator, a quote, a line end or a tab is quoted; lines end in \n.
// Formulas: a spreadsheet runs a cell that starts with = + - @. Files that people open get an apostrophe in front of
// such a cell (and of one that starts with apostrophes before such a sign), so that taking one apostrophe off again gives
// back every text. Files that an importer reads keep the text, as an apostrophe would end up in the shop.
#pragma once

#include <string>
#include <string_view>

namespace medimirror {

enum class Formulas { keep, apostrophe };

class CellRow {
 public:
  // Appends to `out`, which outlives it.
  CellRow(std::string& out, char separator, Formulas formulas)
      : out_(out), separator_(separator), formulas_(formulas) {}

  void add(std::string_view text);
  void end() {
    out_ += '\n';
    first_ = true;
  }

 private:
  std::string& out_;
  char separator_;
  Formulas formulas_;
  bool first_ = true;
};

}  // namespace medimirror
