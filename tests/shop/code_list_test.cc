#include "shop/code_list.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/product_code.h"

namespace medimirror {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> texts(const CodeList& list) {
  std::vector<std::string> all;
  for (const AskedCode& code : list.codes) all.push_back(code.text);
  return all;
}

std::string refusal(std::string_view bytes, std::string_view column = {}) {
  try {
    parse_code_list(bytes, column);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::config);
    return error.what();
  }
  return "";
}

TEST(ProductCode, ChecksGtins) {
  for (const char* right : {"5400000000010", "96385074", "036000291452", "10614141000415", "0000000000000"})
    EXPECT_TRUE(has_right_check_digit(right)) << right;
  for (const char* wrong :
       {"5400000000011", "96385075", "036000291453", "10614141000416", "1234567", "540000000001x", ""})
    EXPECT_FALSE(has_right_check_digit(wrong)) << wrong;
}

TEST(ProductCode, OneGtinHasOneLookupForm) {
  EXPECT_EQ(lookup_form("036000291452"), lookup_form("0036000291452"));
  EXPECT_EQ(lookup_form("036000291452"), "00036000291452");
  EXPECT_EQ(lookup_form("0012345"), "0012345");  // a CNK is no GTIN
  EXPECT_EQ(lookup_form("M5489B0D8B"), "M5489B0D8B");
  EXPECT_THAT(gtin_spellings("036000291452"), ElementsAre("036000291452", "0036000291452", "00036000291452"));
  EXPECT_THAT(gtin_spellings("5400000000010"), ElementsAre("5400000000010", "05400000000010"));
  EXPECT_THAT(gtin_spellings("10614141000415"), ElementsAre("10614141000415"));
  EXPECT_THAT(gtin_spellings("96385074"),
              ElementsAre("96385074", "000096385074", "0000096385074", "00000096385074"));
}

struct Shape {
  const char* name;
  std::string bytes;
  std::vector<std::string> codes;
};

TEST(CodeList, TakesTheShapesOfStockLists) {
  const Shape shapes[] = {
      {"one a line", "1234567\n0012345\n", {"1234567", "0012345"}},
      {"no newline at the end", "1234567\n0012345", {"1234567", "0012345"}},
      {"CRLF", "1234567\r\n0012345\r\n", {"1234567", "0012345"}},
      {"CR alone", "1234567\r0012345\r", {"1234567", "0012345"}},
      {"byte order mark",
       "\xEF\xBB\xBF"
       "1234567\n",
       {"1234567"}},
      {"semicolons and names", "Naam;CNK;Prijs\nPil;0012345;1,20\n", {"0012345"}},
      {"commas and names", "name,cnk_code\n\"Pil, 20 st\",0012345\n", {"0012345"}},
      {"tabs and names", "Naam\tCode CNK\nPil\t0012345\n", {"0012345"}},
      {"names in any case", "EAN-code;x\n5400000000010;1\n", {"5400000000010"}},
      {"a name alone", "Artikel\n0012345\n", {"0012345"}},
      {"no names, code in the second column", "Pil;0012345\nZalf;0012346\n", {"0012345", "0012346"}},
      {"CNK before EAN", "ean;cnk\n5400000000010;0012345\n5400000000010;\n", {"0012345", "5400000000010"}},
      {"quotes over lines", "name;cnk\n\"a\nb \"\"c\"\"\";0012345\n", {"0012345"}},
      {"quoted codes", "\"0012345\";\"x\"\n", {"0012345"}},
      {"a spreadsheet's text formula", "=\"0012345\"\n'0012346\n", {"0012345", "0012346"}},
      {"spaces and hyphens", "1234-567\n5 400000 000010\n", {"1234567", "5400000000010"}},
      {"no-break space",
       "0012\xC2\xA0"
       "345\n",
       {"0012345"}},
      {"a number with a decimal", "1234567.0\n1234568,0\n", {"1234567"}},
      {"Medipim ids", "M5489B0D8B\nm5489b0d8c\n", {"M5489B0D8B", "M5489B0D8C"}},
      {"all GTIN lengths",
       "96385074\n036000291452\n5400000000010\n10614141000415\n",
       {"96385074", "036000291452", "5400000000010", "10614141000415"}},
      {"blank lines and remarks", "# stock\n\n0012345\n;;\n", {"0012345"}},
  };
  for (const Shape& shape : shapes) {
    const CodeList list = parse_code_list(shape.bytes);
    EXPECT_EQ(texts(list).size() + list.wrong.size() >= shape.codes.size(), true) << shape.name;
    std::vector<std::string> read = texts(list);
    read.resize(std::min(read.size(), shape.codes.size()));
    EXPECT_EQ(read, shape.codes) << shape.name;
  }
}

TEST(CodeList, RestoresTheZeroOfACnkAndSaysSo) {
  const CodeList list = parse_code_list("cnk\n123456\n0123456\n");
  EXPECT_THAT(texts(list), ElementsAre("0123456"));
  EXPECT_THAT(list.codes[0].note, HasSubstr("123456 had lost the zero"));
  EXPECT_EQ(list.restored, 1u);
  EXPECT_EQ(list.repeated, 1u);
}

TEST(CodeList, CountsTheSameGtinOnce) {
  const CodeList list = parse_code_list("036000291452\n0036000291452\n");
  EXPECT_THAT(texts(list), ElementsAre("036000291452"));
  EXPECT_EQ(list.repeated, 1u);
}

TEST(CodeList, TellsEachMistakeWithItsLine) {
  const CodeList list = parse_code_list(
      "name;code\na;5400000000011\nb;12345\nc;5,4E+12\nd;n/a\ne;\nf;0012345\ng;caf\xC3\xA9\n");
  std::vector<std::string> rows;
  for (const WrongCode& wrong : list.wrong)
    rows.push_back(fmt::format("{} {} {}", wrong.line, wrong.reason, wrong.text));
  EXPECT_THAT(
      rows, ElementsAre("2 wrong_check_digit 5400000000011", "3 wrong_length 12345",
                        "4 rounded_number 5,4E+12", "5 not_a_code n/a", "6 no_code ", "8 not_a_code caf??"));
  EXPECT_THAT(list.wrong[0].detail, HasSubstr("should be 0"));
  EXPECT_THAT(texts(list), ElementsAre("0012345"));
  EXPECT_EQ(list.codes[0].line, 7u);
}

TEST(CodeList, FindsTheColumnByTheNameItIsGiven) {
  const std::string bytes = "Leverancier;Artikel nr;CNK\nx;0012345;0012346\n";
  EXPECT_THAT(texts(parse_code_list(bytes, "artikel nr")), ElementsAre("0012345"));
  EXPECT_THAT(texts(parse_code_list(bytes)), ElementsAre("0012346"));
  EXPECT_THAT(refusal(bytes, "EAN"), HasSubstr("Leverancier | Artikel nr | CNK"));
}

TEST(CodeList, RefusesWhatCannotBeMeant) {
  EXPECT_THAT(refusal(""), HasSubstr("is empty"));
  EXPECT_THAT(refusal("cnk\n"), HasSubstr("is empty"));
  EXPECT_THAT(refusal("cnk\nabc\n"), HasSubstr("no usable code; line 2, \"abc\""));
  EXPECT_THAT(refusal("naam;prijs\nPil;2\n"), HasSubstr("select.codes_column"));
  EXPECT_THAT(refusal("PK\x03\x04..."), HasSubstr(".xlsx"));
  EXPECT_THAT(refusal("\xD0\xCF\x11\xE0..."), HasSubstr(".xlsx"));
  EXPECT_THAT(refusal("sep=;\n"), HasSubstr("is empty"));
}

std::string utf16(std::string_view ascii) {
  std::string bytes = "\xFF\xFE";
  for (const char c : ascii) {
    bytes += c;
    bytes += '\0';
  }
  return bytes;
}

TEST(CodeList, TakesWhatExcelSaves) {
  const Shape shapes[] = {
      {"sep", "sep=;\nNaam;CNK\nPil;0001234\n", {"0001234"}},
      {"sep, quoted", "\"sep=;\"\r\nNaam;CNK\r\nPil;0001234\r\n", {"0001234"}},
      {"sep, with empty cells behind it", "sep=;;\nNaam;CNK\nPil;0001234\n", {"0001234"}},
      {"sep in capitals, a comma", "SEP=,\nNaam,CNK\n\"Pil; 5 mg; 10\",0001234\n", {"0001234"}},
      {"sep, a tab", "sep=\t\nNaam\tCNK\nPil\t0001234\n", {"0001234"}},
      {"sep, an unusual one", "sep=|\nNaam|CNK\nPil|0001234\n", {"0001234"}},
      {"sep, behind a byte order mark", "\xEF\xBB\xBFsep=;\nNaam;CNK\nPil;0001234\n", {"0001234"}},
      {"sep alone, codes below", "sep=;\n0001234\n", {"0001234"}},
      {"quoted names behind a byte order mark", "\xEF\xBB\xBF\"Naam\";\"CNK\"\nPil;0001234\n", {"0001234"}},
      {"Unicode text", utf16("Naam\tCNK\r\nPil\t0001234\r\n"), {"0001234"}},
      {"UTF-16 with sep", utf16("sep=;\r\n\"CNK\";\"Naam\"\r\n0001234;x\r\n"), {"0001234"}},
      {"UTF-16 without a mark", utf16("CNK\r\n0001234\r\n").substr(2), {"0001234"}},
      {"Windows' own letters", "D\xE9signation;CNK\nPilule \xE0 5 mg;0001234\xA0\n", {"0001234"}},
      {"remarks above the names", "# voorraad, van vandaag, alles\n\nNaam;CNK\nPil;0001234\n", {"0001234"}},
  };
  for (const Shape& shape : shapes) EXPECT_EQ(texts(parse_code_list(shape.bytes)), shape.codes) << shape.name;
  EXPECT_EQ(parse_code_list("sep=;\nNaam;CNK\nPil;0001234\n").codes[0].line, 3u);
  EXPECT_EQ(texts(parse_code_list("R\xE9"
                                  "f\xE9rence;x\n0001234;1\n",
                                  "R\xC3\xA9"
                                  "f\xC3\xA9rence")),
            std::vector<std::string>{"0001234"});
}

TEST(CodeList, TakesTwoHundredThousandCodesAndNotMore) {
  std::string bytes = "cnk\n";
  for (std::size_t i = 0; i < kAskedCodesMax; ++i) bytes += fmt::format("{:07}\n", i);
  EXPECT_EQ(parse_code_list(bytes).codes.size(), kAskedCodesMax);
  EXPECT_THAT(refusal(bytes + "9999999\n"), HasSubstr("more than 200000 codes"));
}

TEST(CodeList, TakesAnyBytesWithoutHarm) {
  for (std::string bytes :
       {std::string("\"\"\"\"\n1234567"), std::string("1234567;\"never closed\n0012345\n"),
        std::string("1234567\n\0\0\n", 11), std::string(100'000, ';') + "\n1234567\n"}) {
    const std::string sentence = refusal(bytes);
    EXPECT_TRUE(sentence.empty() || sentence.size() > 10) << sentence;
  }
}

}  // namespace
}  // namespace medimirror
