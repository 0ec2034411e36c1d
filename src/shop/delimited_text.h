// Role: CSV and its relatives, cell by cell: with any of the usual separators. Pure.
// Format: RFC 4180: a cell in double quotes may hold separators, line ends and doubled quotes. Reading is forgiving: a
// quote that is never closed ends with the text.
// Not here: writing (base/cells.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace medimirror {

class DelimitedText {
 public:
  struct Row {
    std::uint32_t line = 0;  // where it starts, from 1
    std::vector<std::string> cells;
  };

  // The separator is the one that Excel's "sep=;" names, which is no row then; else the one that the first line with
  // anything in it (remarks, starting with #, aside) has most of, outside of quotes.
  explicit DelimitedText(std::string_view text);

  bool next(Row& row);  // false: the end

 private:
  std::string_view rest_;
  char separator_ = ',';
  std::uint32_t line_ = 1;
};

}  // namespace medimirror
