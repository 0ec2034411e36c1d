#include "base/page_quote.h"

#include <gtest/gtest.h>

namespace medimirror {
namespace {

TEST(QuoteOfPage, IsTheTitleElseTheFirstWords) {
  EXPECT_EQ(quote_of_page("<html><head><TITLE lang=en>\n Access\tdenied </title>"), "Access denied");
  EXPECT_EQ(quote_of_page("<html><title></title><p>Not <b>here</b></p>"), "Not here");
  EXPECT_EQ(quote_of_page("<html><title>never closed"), "never closed");
  EXPECT_EQ(quote_of_page("<html>"), "");
}

TEST(QuoteOfPage, CannotHarmATerminal) {
  EXPECT_EQ(quote_of_page("<title>\x1B[31mred\x07</title>"), "?[31mred?");
  EXPECT_EQ(quote_of_page("<title>\xC2\x9B"
                          "31m\xFF\xC3</title>"),
            "?31m??");
  EXPECT_EQ(quote_of_page("<title>Toegang geweigerd é €</title>"), "Toegang geweigerd é €");
  EXPECT_LE(quote_of_page("<title>" + std::string(5000, 'a') + "</title>").size(), 104u);
}

}  // namespace
}  // namespace medimirror
