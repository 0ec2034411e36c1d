#include "api/reply_parser.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "api/line_scan.h"

namespace medimirror {
namespace {

std::string padded(std::string_view text, char filler = ' ') {
  return std::string(text) + std::string(ReplyParser::kPadding, filler);
}

TEST(LineScan, FindsTheEndOfAnObject) {
  struct Row {
    std::string text;
    std::size_t length;
  };
  const std::string sixty(60, 'x');
  const Row rows[] = {
      {"{}", 2},
      {"{}}", 2},
      {R"({"a":{"b":[{}]}},"c")", 16},
      {R"({"a":"}"})", 9},
      {R"({"a":"\"}"})", 11},
      {R"({"a":"\\"}})", 10},
      {R"({"a":"\\\"}"})", 13},
      {R"({"a":")" + sixty + R"(\"}"})", 71},
      {R"({"a":")" + sixty.substr(0, 57) + R"(\\"})", 67},   // the pair of backslashes across a block's edge
      {R"({"a":")" + sixty.substr(0, 57) + R"(\"}"})", 68},  // a backslash last in its block
      {R"({"a":")" + std::string(500, 'x') + R"("})", 508},
      {"{", 0},
      {R"({"a":1)", 0},
      {R"({"a":"})", 0},
      {"{\"a\":\"\xc3\xa9\"}", 0},
      {"{\"a\":\t1}", 0},
      {"{\"a\":\\ 1}", 0},
      {"", 0},
  };
  for (const Row& row : rows)
    for (const char filler : {' ', '}', '"', '\\', '\xff'}) {
      const std::string buffer = padded(row.text, filler);
      EXPECT_EQ(object_length(std::string_view(buffer).substr(0, row.text.size())), row.length)
          << row.text << filler;
    }
}

TEST(LineScan, TakesTheDocumentedShapeAndLeavesTheRest) {
  struct Row {
    const char* line;
    bool taken;
  };
  const Row rows[] = {
      {R"({"meta": {"total": 2, "index": 0}, "result": {"id": 1, "x": 2}})", true},
      {R"({"meta":{"total":2,"index":0},"result":{"id":1}})", true},
      {R"({"meta":{"total":2,"index":0},"result":{"id":"M12","cnk":"0"}})", true},
      {R"({"meta":{"total":2,"index":0},"result":{"id":1}} )", true},
      {R"({"meta":{"total":2,"index":0},"result":{"type":"photo","id":1}})", false},
      {R"({"meta":{"index":0,"total":2},"result":{"id":1}})", false},
      {R"({"meta":{"total":2,"index":0},"result":{"id":1},"more":{}})", false},
      {R"({"meta":{"total":2,"index":0},"result":{"id":01}})", false},
      {R"({"meta":{"total":2,"index":0},"result":{"id":1.5}})", false},
      {R"({"meta":{"total":2,"index":0},"result":{"id":1e5}})", false},
      {R"({"meta":{"total":2,"index":0},"result":{"id":-1}})", false},
      {R"({"meta":{"total":2,"index":0},"result":{"id":0}})", false},
      {R"({"meta":{"total":2,"index":0},"result":{"id":12345678901234567890}})", false},
      {R"({"meta":{"total":2,"index":0},"result":{"id":"a\"b"}})", false},
      {R"({"meta":{"total":2,"index":0},"result":{"id":1}}})", false},
      {R"({"meta":{"total":2,"index":0},"result":{"id":1})", false},
      {R"({"meta":{"total":2,"index":0},"result":null})", false},
      {R"({"error":{"status":500}})", false},
      {"", false},
  };
  for (const Row& row : rows) {
    const std::string buffer = padded(row.line);
    EXPECT_EQ(scan_line(std::string_view(buffer).substr(0, std::string_view(row.line).size())).has_value(),
              row.taken)
        << row.line;
  }
}

void expect_agreement(ReplyParser& parser, const std::string& text, Catalogue catalogue) {
  const std::string buffer = padded(text);
  const std::string_view view = std::string_view(buffer).substr(0, text.size());
  const StreamLine quick = parser.line(view, catalogue);
  const StreamLine sure = parser.line_by_simdjson(view, catalogue);
  ASSERT_EQ(quick.kind, sure.kind) << text;
  ASSERT_EQ(quick.total, sure.total) << text;
  ASSERT_EQ(quick.index, sure.index) << text;
  ASSERT_EQ(quick.item.id, sure.item.id) << text;
  ASSERT_EQ(quick.item.json, sure.item.json) << text;
  ASSERT_EQ(quick.item.fingerprint, sure.item.fingerprint) << text;
}

// Real lines, then the same damaged at random: both ways must say the same, whatever it is.
TEST(ReplyParser, TheShortCutAndSimdjsonAgree) {
  const std::vector<std::string> lines = {
      R"({"meta": {"total": 2, "index": 0}, "result": {"id": 659214, "type": "frontal", "locales": ["nl","en"], "formats": {"thumbnail":"https:\/\/a\/t.jpg","huge":"https:\/\/a\/h.png"}, "displayOrder": 1, "meta": {"createdAt": 1785941124}}})",
      R"({"meta":{"total":120000,"index":119999},"result":{"id":117550,"photoType":"packshot","formats":{"a\\":"\"","b":"}]"},"x":[[],[{}]]}})",
      R"({"meta":{"total":1,"index":0},"result":{"id":"M5489B0D8B","cnk":"0012345","photos":[1,2],"name":{"nl":"Pil"}}})",
      R"({"result":{"x":1,"id":3},"meta":{"index":0,"total":1}})",
      R"({"error":{"status":500,"code":"x","message":"y"}})",
  };
  static constexpr std::string_view kBytes = "{}[]\",:\\ 0129eE+-.ntfu/a\t\r\x01\x7f\x80\xc3\xa9";
  std::minstd_rand random(17);
  const auto below = [&random](std::size_t limit) { return static_cast<std::size_t>(random()) % limit; };
  ReplyParser parser;
  for (const Catalogue catalogue : {Catalogue::media, Catalogue::products})
    for (const std::string& line : lines) {
      ASSERT_NO_FATAL_FAILURE(expect_agreement(parser, line, catalogue));
      for (std::size_t length = 0; length < line.size(); ++length)
        ASSERT_NO_FATAL_FAILURE(expect_agreement(parser, line.substr(0, length), catalogue));
      for (int round = 0; round < 20'000; ++round) {
        std::string damaged = line;
        for (std::size_t change = below(3) + 1; change > 0; --change) {
          const std::size_t at = below(damaged.size());
          const char byte = kBytes[below(kBytes.size())];
          switch (below(3)) {
            case 0:
              damaged[at] = byte;
              break;
            case 1:
              damaged.insert(at, 1, byte);
              break;
            default:
              damaged.erase(at, 1 + below(3));
              break;
          }
          if (damaged.empty()) damaged = "{";
        }
        ASSERT_NO_FATAL_FAILURE(expect_agreement(parser, damaged, catalogue));
      }
    }
}

TEST(ReplyParser, ReadsAnErrorEnvelopeWhateverItsShape) {
  struct Row {
    const char* body;
    const char* text;  // null: not an envelope
  };
  const Row rows[] = {
      {R"({"error":{"status":401,"code":"a.b","message":"No."}})", "a.b: No."},
      {R"({"error":{"code":"a.b"}})", "a.b"},
      {R"({"error":{"message":"No."}})", "No."},
      {R"({"error":{}})", ""},
      {R"({"error":"No."})", "No."},
      {R"({"error":{"message":"No.","violations":[{"path":"p","message":"m"},{"field":"f","message":"n"},7]}})",
       "No. (p: m; f: n; 7)"},
      {R"({"error":{"message":"No."},"violations":{"filter":["a","b"]}})", "No. (filter: [\"a\",\"b\"])"},
      {R"({"error":{"violations":null}})", ""},
      {R"({"error":{"status":"x","code":5,"message":null}})", ""},
      {R"({"error":{"code":"bad","message":"Authorization: Basic NDI6c2FuZGJveC1zZWNyZXQ= is not known"}})",
       "bad: Authorization: Basic (hidden) is not known"},
      {R"({"error":{"violations":["header: bearer abcdefghijklmnopqrstuvw"]}})", "header: bearer (hidden)"},
      {R"({"error":"Basic authentication required"})", "Basic authentication required"},
      {R"({"error":null})", nullptr},
      {R"({"result":{}})", nullptr},
      {R"([])", nullptr},
      {"", nullptr},
      {"<html>", nullptr},
  };
  for (const Row& row : rows) {
    const auto error = parse_service_error(row.body);
    ASSERT_EQ(error.has_value(), row.text != nullptr) << row.body;
    EXPECT_EQ(error ? error->text() : "", row.text ? row.text : "");
  }
  const auto long_one = parse_service_error(R"({"error":{"message":")" + std::string(5000, 'x') + "\"}}");
  ASSERT_TRUE(long_one);
  EXPECT_LT(long_one->text().size(), 400u);
}

}  // namespace
}  // namespace medimirror
