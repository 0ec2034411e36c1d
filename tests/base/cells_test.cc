#include "base/cells.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace medimirror {
namespace {

std::string row_of(std::initializer_list<std::string_view> cells, char separator, Formulas formulas) {
  std::string row;
  CellRow writer(row, separator, formulas);
  for (const std::string_view cell : cells) writer.add(cell);
  writer.end();
  return row;
}

TEST(Cells, AreQuotedWhereTheyMustBe) {
  EXPECT_EQ(row_of({"a", "", "b c"}, ',', Formulas::keep), "a,,b c\n");
  EXPECT_EQ(row_of({"a,b", "a;b", "a\"b"}, ',', Formulas::keep), "\"a,b\",a;b,\"a\"\"b\"\n");
  EXPECT_EQ(row_of({"a,b", "a;b", "x\ny"}, ';', Formulas::keep), "a,b;\"a;b\";\"x\ny\"\n");
  EXPECT_EQ(row_of({"a;b"}, ',', Formulas::apostrophe), "\"a;b\"\n");
  EXPECT_EQ(row_of({" a", "b\t"}, ',', Formulas::keep), " a,\"b\t\"\n");
}

TEST(Cells, ApostropheIsUndoneByTakingOneOff) {
  EXPECT_EQ(row_of({"=1+1", "+a", "-b", "@c"}, ',', Formulas::keep), "=1+1,+a,-b,@c\n");
  EXPECT_EQ(row_of({"=1+1", "+a", "-b", "@c"}, ',', Formulas::apostrophe), "'=1+1,'+a,'-b,'@c\n");
  EXPECT_EQ(row_of({"'=1", "'s avonds", "a=b"}, ',', Formulas::apostrophe), "''=1,'s avonds,a=b\n");
  EXPECT_EQ(row_of({"=a,\"b\""}, ',', Formulas::apostrophe), "\"'=a,\"\"b\"\"\"\n");
}

}  // namespace
}  // namespace medimirror
