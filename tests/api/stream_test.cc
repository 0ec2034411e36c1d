#include "api/stream.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "api/walk.h"
#include "support/fake_transport.h"

namespace medimirror {
namespace {

const std::string kStream = "https://api.test/v4/media/stream";
const std::string kQuery = "https://api.test/v4/media/query";

std::string line(int index, int total, const std::string& result) {
  return fmt::format("{{\"meta\":{{\"total\":{},\"index\":{}}},\"result\":{}}}\n", total, index, result);
}

std::string whole_stream(int total) {
  std::string text;
  for (int i = 0; i < total; ++i)
    text +=
        line(i, total, fmt::format(R"({{"id":{},"formats":{{"huge":"https:\/\/x\/{}.jpg"}}}})", 100 + i, i));
  return text;
}

class StreamTest : public testing::Test {
 protected:
  ManualClock clock;
  FakeTransport transport{clock};
  ApiOptions options = test_options();
  StreamTest() { options.listing = ListingMode::stream; }

  Walked walk() {
    auto listing = list_media(options, MediaFilter{}, transport, clock);
    return walk_to_end(*listing, transport, clock);
  }
};

TEST_F(StreamTest, HandsOutEachObjectWithItsOwnBytes) {
  transport.on(kStream,
               ok("{\"meta\": {\"total\": 2, \"index\": 0}, \"result\": {\"id\": 1, \"a\": \"}{\\\"\"}}\n"
                  "{\"meta\": {\"total\": 2, \"index\": 1}, \"result\": {\"type\": \"photo\", \"id\": 2} }\n")
                   .with("date", "Sun, 06 Nov 1994 08:49:37 GMT"));
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::complete) << walked.cut_reason;
  EXPECT_EQ(walked.mode, Listing::Mode::stream);
  ASSERT_EQ(walked.items.size(), 2u);
  EXPECT_EQ(walked.items[0].id, 1u);
  EXPECT_EQ(walked.items[0].json, "{\"id\": 1, \"a\": \"}{\\\"\"}");
  EXPECT_EQ(walked.items[1].json, "{\"type\": \"photo\", \"id\": 2}");
  EXPECT_EQ(walked.items[0].fingerprint, fingerprint_of(walked.items[0].json));
  EXPECT_FALSE(walked.items[0].fingerprint == walked.items[1].fingerprint);
  EXPECT_EQ(walked.total, 2u);
  EXPECT_EQ(walked.server_date, 784111777);
}

TEST_F(StreamTest, AsksAsTheServiceWantsIt) {
  transport.on(kStream, status(204));
  EXPECT_EQ(walk().state, Listing::State::complete);
  ASSERT_EQ(transport.started().size(), 1u);
  const Request& request = transport.started()[0].request;
  EXPECT_EQ(request.method, Request::Method::post);
  EXPECT_EQ(request.body,
            R"({"filter":{"or":[{"published":true},{"published":false}]},"sorting":{"id":"ASC"}})");
  EXPECT_TRUE(request.accept_compression);
  EXPECT_EQ(request.limits.total_ms_max, Millis(0));
  EXPECT_GT(request.limits.stall_ms_max, Millis(0));
  ASSERT_TRUE(request.auth);
  EXPECT_EQ(request.auth->user, "42");
  const auto has = [&](const std::string& header) {
    return std::ranges::find(request.headers, header) != request.headers.end();
  };
  EXPECT_TRUE(has("Content-Type: application/json"));
  EXPECT_TRUE(has("Accept-Language: nl,fr,en"));
}

TEST_F(StreamTest, NothingListedIsComplete) {
  transport.on(kStream, status(204));
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::complete);
  EXPECT_EQ(walked.total, 0u);
  EXPECT_TRUE(walked.items.empty());
}

TEST_F(StreamTest, AnEmpty200IsCut) {
  transport.on(kStream, ok(""));
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::cut);
  EXPECT_NE(walked.cut_reason.find("before its first item"), std::string::npos) << walked.cut_reason;
}

TEST_F(StreamTest, CutAtEveryByteIsNeverComplete) {
  options.restarts_max = 0;
  const std::string whole = whole_stream(4);
  for (const bool cleanly : {true, false})
    for (std::size_t at = 0; at <= whole.size(); ++at) {
      FakeTransport wire{clock};
      // odd pieces, so that lines are torn everywhere
      std::vector<Reply::Piece> pieces;
      for (std::size_t i = 0; i < at; i += 7)
        pieces.push_back({Millis(1), whole.substr(i, std::min<std::size_t>(7, at - i))});
      wire.on(kStream, in_pieces(pieces, cleanly ? ok("") : fail(TransferError::short_body)));
      auto listing = list_media(options, MediaFilter{}, wire, clock);
      Walked walked;
      try {
        walked = walk_to_end(*listing, wire, clock);
      } catch (const Error& error) {
        EXPECT_EQ(at, 0u) << error.what();  // it did not even start
        continue;
      }
      auto lines = static_cast<std::size_t>(
          std::count(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
      // a last line that lacks its newline alone is a row all the same, and the end of nothing
      const bool row_at_end = whole[at] == '\n';
      if (row_at_end) ++lines;
      const auto unproven = row_at_end && lines == 4 ? Listing::State::holed : Listing::State::cut;
      EXPECT_EQ(walked.state, at == whole.size() ? Listing::State::complete : unproven) << at;
      EXPECT_EQ(walked.items.size(), lines) << at;
      EXPECT_EQ(walked.cut_reason.empty(), at == whole.size()) << at;
    }
}

TEST_F(StreamTest, ABrokenStreamIsWalkedOnceMoreFromItsStart) {
  const std::string whole = whole_stream(4);
  transport.on(kStream,
               in_pieces({{Millis(1), whole.substr(0, whole.size() / 2)}}, fail(TransferError::reset)));
  transport.on(kStream, ok(whole));
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::complete) << walked.cut_reason;
  EXPECT_EQ(transport.count(kStream), 2u);
  EXPECT_EQ(walked.items.size(), 6u);  // the first two twice
  EXPECT_EQ(walked.count, 6u);
}

TEST_F(StreamTest, AStreamThatBreaksTwiceIsCut) {
  const std::string whole = whole_stream(4);
  transport.on(kStream,
               in_pieces({{Millis(1), whole.substr(0, whole.size() / 2)}}, fail(TransferError::reset)));
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::cut);
  EXPECT_EQ(transport.count(kStream), 2u);
  EXPECT_NE(walked.cut_reason.find("after 2 of 4 items the connection broke (reset"), std::string::npos)
      << walked.cut_reason;
}

TEST_F(StreamTest, AStallIsABreak) {
  options.restarts_max = 0;
  Reply stalled = in_pieces({{Millis(1), whole_stream(4).substr(0, 100)}});
  stalled.never = true;
  transport.on(kStream, stalled);
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::cut);
  EXPECT_NE(walked.cut_reason.find("timeout_stall"), std::string::npos) << walked.cut_reason;
}

struct Oddity {
  const char* name;
  std::string body;
  Listing::State state;
  std::size_t items, malformed;
  const char* reason;   // part of it
  std::size_t bad = 0;  // places
};

TEST_F(StreamTest, EveryOddLineIsTakenForWhatItIsAndReadPast) {
  const auto complete = Listing::State::complete, holed = Listing::State::holed, cut = Listing::State::cut;
  const std::string first = line(0, 2, R"({"id":1})"), second = line(1, 2, R"({"id":2})");
  const std::string error = R"({"error":{"status":500,"code":"internal","message":"out of luck"}})"
                            "\n";
  const auto without_newline = [](const std::string& text) { return text.substr(0, text.size() - 1); };
  const Oddity rows[] = {
      {"error between two rows", first + error + second, holed, 2, 0,
       "after 1 of 2 items came the error "
       "\"internal: out of luck\"",
       1},
      {"error in place of a row", line(0, 3, R"({"id":1})") + error + line(2, 3, R"({"id":3})"), holed, 2, 0,
       "out of luck", 1},
      {"error as the first line", error + second, holed, 1, 0, "out of luck", 1},
      {"error behind the last line", first + second + error, holed, 2, 0, "out of luck", 1},
      {"error without a newline", first + without_newline(error), cut, 1, 0, "\"internal: out of luck\"", 1},
      {"nothing but an error", error, cut, 0, 0, "out of luck", 1},
      {"nothing but an error without a newline", without_newline(error), cut, 0, 0, "out of luck", 1},
      {"every line an error", error + error, cut, 0, 0, "2 places of it are bad", 2},
      {"an error that says nothing", first + "{\"error\":{}}\n" + second, holed, 2, 0,
       "an error in place of an item", 1},
      {"html", "<html><body>Bad gateway</body></html>\n", cut, 0, 0, "\"Bad gateway\"", 1},
      {"html without a newline", "<html><title>Bad gateway</title>", cut, 0, 0, "\"Bad gateway\"", 1},
      {"html after an item", first + "<html>Sorry\n" + second, holed, 2, 0, "\"Sorry\"", 1},
      {"plain words", "upstream timed out", cut, 0, 0, "\"upstream timed out\"", 1},
      {"a line missing", line(0, 3, R"({"id":1})") + line(2, 3, R"({"id":3})"), holed, 2, 0,
       "came item number 2: 1 is missing", 1},
      {"the first line missing", second, holed, 1, 0, "came item number 1: 1 is missing", 1},
      {"a line twice", first + first + second, holed, 3, 0, "item number 0 came again", 1},
      {"more lines than announced", first + second + line(2, 2, R"({"id":3})"), holed, 3, 0,
       "item number 2, which is beyond the total", 1},
      {"the total changes", first + line(1, 3, R"({"id":2})") + line(2, 3, R"({"id":3})"), holed, 3, 0,
       "the announced total became 3", 1},
      {"no total at all", "{\"meta\":{\"index\":0},\"result\":{\"id\":1}}\n", holed, 1, 0,
       "no word of how many there are", 1},
      {"no index", "{\"meta\":{\"total\":1},\"result\":{\"id\":1}}\n", holed, 1, 0, "without its number", 1},
      {"no meta", "{\"result\":{\"id\":1}}\n", holed, 1, 0, "without its number", 2},
      {"no result", "{\"meta\":{\"total\":1,\"index\":0}}\n", cut, 0, 0, "cannot be read", 1},
      {"two rows in a line", without_newline(first) + second, holed, 2, 0, "read in part only", 1},
      {"three rows in a line, with words between",
       without_newline(line(0, 3, R"({"id":1})")) + "oops" + without_newline(line(1, 3, R"({"id":2})")) +
           line(2, 3, R"({"id":3})"),
       holed, 3, 0, "read in part only", 1},
      {"half a row before another", R"({"meta":{"total":2,"index":0},"result":{"id":1,"na)" + second, holed,
       1, 0, "read in part only", 2},
      {"a byte order mark at the start", "\xEF\xBB\xBF" + first + second, complete, 2, 0, ""},
      {"a byte order mark at the second line", first + "\xEF\xBB\xBF" + second, holed, 2, 0,
       "read in part only", 1},
      {"a raw control character",
       line(0, 1,
            "{\"id\":1,\"name\":\"a\x01"
            "b\"}"),
       holed, 1, 0, "in part", 1},
      {"a raw tab", line(0, 1, "{\"id\":1,\"name\":\"a\tb\"}"), holed, 1, 0, "in part", 1},
      {"a zero byte", line(0, 1, std::string("{\"id\":1,\"name\":\"a") + '\0' + "b\"}"), holed, 1, 0,
       "in part", 1},
      {"a raw newline",
       line(0, 3, R"({"id":1})") + line(1, 3, "{\"id\":2,\"name\":\"a\nb\"}") + line(2, 3, R"({"id":3})"),
       holed, 2, 0, "cannot be read", 2},
      {"a byte that is not UTF-8", line(0, 1, "{\"id\":1,\"name\":\"caf\xE9\"}"), holed, 1, 0, "in part", 1},
      {"an array", "[1,2]\n" + first + second, holed, 2, 0, "cannot be read", 1},
      {"negative index", "{\"meta\":{\"total\":1,\"index\":-1},\"result\":{\"id\":1}}\n", holed, 1, 0,
       "without its number", 1},
      {"an absurd index",
       line(0, 3, R"({"id":1})") + "{\"meta\":{\"total\":3,\"index\":99999999},\"result\":{\"id\":2}}\n" +
           line(2, 3, R"({"id":3})"),
       holed, 3, 0, "beyond the total", 2},
      {"the last line did not end", first + without_newline(second), holed, 2, 0, "the last line did not end",
       1},
      {"numbers as text", "{\"meta\":{\"total\":\"2\",\"index\":\"0\"},\"result\":{\"id\":1}}\n" + second,
       complete, 2, 0, ""},
      {"no total after the first line", first + "{\"meta\":{\"index\":1},\"result\":{\"id\":2}}\n", complete,
       2, 0, ""},
      {"blank lines", "\n" + first + "\r\n \n" + second + "\n", complete, 2, 0, ""},
      {"carriage returns", without_newline(first) + "\r\n" + second, complete, 2, 0, ""},
      {"result before meta", "{\"result\":{\"id\":1},\"meta\":{\"index\":0,\"total\":1}}\n", complete, 1, 0,
       ""},
      {"unknown keys",
       "{\"v\":[{}],\"meta\":{\"total\":1,\"index\":0,\"x\":{}},\"result\":{\"id\":1},\"z\":2}\n", complete,
       1, 0, ""},
      {"numeric string id", line(0, 1, R"({"id":"7"})"), complete, 1, 0, ""},
      {"id not first", line(0, 1, R"({"a":{"id":9},"id":7})"), complete, 1, 0, ""},
      {"null result", line(0, 1, "null"), complete, 0, 1, ""},
      {"result without id", line(0, 1, R"({"type":"photo"})"), complete, 0, 1, ""},
      {"id zero", line(0, 1, R"({"id":0})"), complete, 0, 1, ""},
      {"id text", line(0, 1, R"({"id":"x7"})"), complete, 0, 1, ""},
      {"one bad among good", line(0, 3, R"({"id":1})") + line(1, 3, "[]") + line(2, 3, R"({"id":3})"),
       complete, 2, 1, ""},
  };
  options.restarts_max = 0;
  for (const Oddity& row : rows) {
    FakeTransport wire{clock};
    wire.on(kStream, ok(row.body));
    auto listing = list_media(options, MediaFilter{}, wire, clock);
    const Walked walked = walk_to_end(*listing, wire, clock);
    EXPECT_EQ(walked.state, row.state) << row.name << ": " << walked.cut_reason;
    EXPECT_EQ(walked.items.size(), row.items) << row.name;
    EXPECT_EQ(walked.malformed, row.malformed) << row.name;
    EXPECT_EQ(listing->bad_places().count(), row.bad) << row.name << ": " << walked.cut_reason;
    EXPECT_NE(walked.cut_reason.find(row.reason), std::string::npos) << row.name << ": " << walked.cut_reason;
    EXPECT_EQ(wire.count(kStream), 1u) << row.name;
  }
}

TEST_F(StreamTest, OneBadPlaceInAHundredCostsThatPlaceAlone) {
  const std::string bad[] = {"{\"error\":{\"code\":\"oops\"}}\n", "", "\xFF\xFE\n",
                             std::string(2'000'000, 'x') + "\n",
                             "{\"meta\":{\"total\":100,\"index\":50},\"result\":{\"id\":150,\"name\":\"\n"};
  for (const std::string& instead : bad) {
    std::string body;
    for (int i = 0; i < 100; ++i)
      body += i == 50 ? instead : line(i, 100, fmt::format(R"({{"id":{}}})", 100 + i));
    std::vector<Reply::Piece> pieces;
    for (std::size_t at = 0; at < body.size(); at += 50'000)
      pieces.push_back({Millis(1), body.substr(at, 50'000)});
    FakeTransport wire{clock};
    wire.on(kStream, in_pieces(pieces));
    auto listing = list_media(options, MediaFilter{}, wire, clock);
    const Walked walked = walk_to_end(*listing, wire, clock);
    EXPECT_EQ(walked.state, Listing::State::holed) << walked.cut_reason;
    EXPECT_EQ(walked.items.size(), 99u) << walked.cut_reason;
    EXPECT_EQ(listing->bad_places().count(), 1u) << walked.cut_reason;
    EXPECT_NE(walked.cut_reason.find("after 50 of 100 items"), std::string::npos) << walked.cut_reason;
    EXPECT_LT(walked.cut_reason.size(), 300u);
  }
}

TEST_F(StreamTest, RowsThatShiftAreNoCut) {
  for (const int came : {199, 195, 190}) {
    FakeTransport wire{clock};
    std::string body;
    for (int i = 0; i < came; ++i) body += line(i, 200, fmt::format(R"({{"id":{}}})", 100 + i));
    wire.on(kStream, ok(body));
    auto listing = list_media(options, MediaFilter{}, wire, clock);
    const Walked walked = walk_to_end(*listing, wire, clock);
    const bool few = came >= 195;
    EXPECT_EQ(walked.state, few ? Listing::State::shifted : Listing::State::cut) << came;
    EXPECT_EQ(wire.count(kStream), few ? 1u : 2u);
    EXPECT_EQ(ending_of(*listing).find("cut short") == std::string::npos, few);
  }
}

TEST_F(StreamTest, ALineWithoutEndIsDroppedAndCounts) {
  std::vector<Reply::Piece> pieces(400, {Millis(1), std::string(64 * 1024, 'x')});
  pieces.push_back({Millis(1), "\n" + line(0, 1, R"({"id":1})")});
  transport.on(kStream, in_pieces(pieces));
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::holed);
  EXPECT_EQ(walked.items.size(), 1u);
  EXPECT_NE(walked.cut_reason.find("a line of more than"), std::string::npos) << walked.cut_reason;
}

TEST_F(StreamTest, AStreamThatNeverEndsIsCut) {
  transport.answer_with([](const Request&) {
    std::string body;
    for (int i = 0; i < 30'000; ++i) body += line(0, 3, R"({"id":1})");
    return in_pieces(std::vector<Reply::Piece>(3, {Millis(1), body}));
  });
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::cut);
  EXPECT_NE(walked.cut_reason.find("does not end"), std::string::npos) << walked.cut_reason;
}

TEST_F(StreamTest, BlankLinesAloneAreSilence) {
  options.restarts_max = 0;
  std::vector<Reply::Piece> pieces{{Millis(1), whole_stream(1)}};
  for (int i = 0; i < 100; ++i) pieces.push_back({std::chrono::seconds(30), std::string(2000, '\n')});
  transport.on(kStream, in_pieces(pieces, silence()));
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::complete) << "whole is whole";
  pieces[0].bytes = line(0, 2, R"({"id":1})");
  FakeTransport second{clock};
  second.on(kStream, in_pieces(pieces, silence()));
  auto listing = list_media(options, MediaFilter{}, second, clock);
  const Walked cut = walk_to_end(*listing, second, clock);
  EXPECT_EQ(cut.state, Listing::State::cut);
  EXPECT_NE(cut.cut_reason.find("nothing but blank lines"), std::string::npos) << cut.cut_reason;
}

TEST_F(StreamTest, AListingHasItsTime) {
  options.listing_ms_max = std::chrono::minutes(30);
  std::vector<Reply::Piece> pieces;
  for (int i = 0; i < 100; ++i)
    pieces.push_back({std::chrono::seconds(50),
                      line(i, 1000, fmt::format(R"({{"id":{},"x":"{}"}})", i + 1, std::string(2000, 'x')))});
  transport.on(kStream, in_pieces(pieces, silence()));
  const SteadyTime began = clock.steady_now();
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::cut);
  EXPECT_NE(walked.cut_reason.find("api.listing_timeout"), std::string::npos) << walked.cut_reason;
  EXPECT_LE(clock.steady_now() - began, std::chrono::minutes(31));
  EXPECT_GE(walked.items.size(), 30u);
}

TEST_F(StreamTest, NoCatalogueHasSoManyItems) {
  transport.on(kStream, ok(line(0, 5'000'001, R"({"id":1})") + line(1, 5'000'001, R"({"id":2})")));
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::cut);
  EXPECT_NE(walked.cut_reason.find("no catalogue"), std::string::npos) << walked.cut_reason;
}

// However much arrived at once.
TEST_F(StreamTest, ABatchIsNoLargerThanItNeedsToBe) {
  transport.on(kStream, ok(whole_stream(100'000)));
  auto listing = list_media(options, MediaFilter{}, transport, clock);
  std::vector<ListedItem> batch;
  std::size_t all = 0;
  for (int rounds = 0; listing->state() == Listing::State::running && rounds < 10'000; ++rounds) {
    listing->advance(clock.steady_now());
    for (Completed& completed : transport.wait(clock.steady_now() + Millis(100))) listing->handle(completed);
    while (listing->take(batch)) {
      std::size_t bytes = 0;
      for (const ListedItem& item : batch) bytes += item.json.size();
      EXPECT_LE(bytes, 1'100'000u);
      all += batch.size();
    }
  }
  EXPECT_EQ(all, 100'000u);
  EXPECT_EQ(listing->state(), Listing::State::complete) << listing->cut_reason();
}

TEST_F(StreamTest, ALongLineOfManyPiecesIsOneItem) {
  const std::string long_line = line(0, 1, R"({"id":5,"url":")" + std::string(900'000, 'u') + "\"}");
  std::vector<Reply::Piece> pieces;
  for (std::size_t i = 0; i < long_line.size(); i += 16'384)
    pieces.push_back({Millis(1), long_line.substr(i, 16'384)});
  transport.on(kStream, in_pieces(pieces));
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::complete) << walked.cut_reason;
  ASSERT_EQ(walked.items.size(), 1u);
  EXPECT_EQ(walked.items[0].json.size(), 900'017u);
}

TEST_F(StreamTest, AnIdNeedsNoLookInsideToBeFound) {
  const std::string body = line(0, 1, R"({"id":18446744073709551615})");
  transport.on(kStream, ok(body));
  const Walked walked = walk();
  ASSERT_EQ(walked.items.size(), 1u);
  EXPECT_EQ(walked.items[0].id, 18446744073709551615u);
}

TEST_F(StreamTest, ProductsAreHandedOutWithIdZero) {
  transport.on("https://api.test/v4/products/stream",
               ok(line(0, 3, R"({"id":"M1","cnk":"0012345"})") + line(1, 3, R"({"cnk":"1","id":"M2"})") +
                  line(2, 3, R"({"id":3})")));
  auto listing = list_products(options, R"({"status":"active"})", transport, clock);
  const Walked walked = walk_to_end(*listing, transport, clock);
  EXPECT_EQ(walked.state, Listing::State::complete) << walked.cut_reason;
  ASSERT_EQ(walked.items.size(), 2u);
  EXPECT_EQ(walked.malformed, 1u);
  EXPECT_EQ(walked.items[1].id, 0u);
  EXPECT_EQ(walked.items[1].json, R"({"cnk":"1","id":"M2"})");
  EXPECT_EQ(transport.started()[0].request.body, R"({"filter":{"status":"active"},"sorting":{"id":"ASC"}})");
}

TEST_F(StreamTest, ADroppedListingLeavesNothingBehind) {
  transport.on(kStream, in_pieces({{Millis(1), whole_stream(2)}, {Millis(1000), whole_stream(2)}}));
  {
    auto listing = list_media(options, MediaFilter{}, transport, clock);
    listing->advance(clock.steady_now());
    transport.wait(clock.steady_now() + Millis(10));
  }
  transport.wait(clock.steady_now() + Millis(5000));
  EXPECT_EQ(transport.in_flight(), 0u);
}

}  // namespace
}  // namespace medimirror
