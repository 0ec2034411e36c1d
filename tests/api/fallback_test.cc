// Where the stream is given up and the pages are asked instead.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "api/walk.h"
#include "support/fake_transport.h"

namespace medimirror {
namespace {

const std::string kStream = "https://api.test/v4/media/stream";
const std::string kQuery = "https://api.test/v4/media/query";

std::string half_of_a_stream() {
  std::string text;
  for (int i = 0; i < 50; ++i)
    text += fmt::format("{{\"meta\":{{\"total\":100,\"index\":{}}},\"result\":{{\"id\":{}}}}}\n", i, i + 1);
  return text;
}

class FallbackTest : public testing::Test {
 protected:
  ManualClock clock;
  FakeTransport transport{clock};
  ApiOptions options = test_options();

  Walked walk() {
    auto listing = list_media(options, MediaFilter{}, transport, clock);
    return walk_to_end(*listing, transport, clock);
  }
};

// The pages of the same catalogue, 100 rows.
Reply page_of(const Request& request) {
  const auto no = std::stoul(request.body.substr(request.body.find("\"no\":") + 5));
  std::string rows;
  for (std::size_t i = no * 50; i < (no + 1) * 50; ++i)
    rows += fmt::format("{}{{\"id\":{}}}", rows.empty() ? "" : ",", i + 1);
  return ok(fmt::format(R"({{"meta":{{"total":100}},"results":[{}]}})", rows));
}

TEST_F(FallbackTest, AStreamThatBreaksAgainAndAgainGoesOverToPages) {
  options.listing = ListingMode::automatic;
  const std::string half = half_of_a_stream();
  options.page_size = 50;
  for (const bool cleanly : {true, false}) {
    FakeTransport wire{clock};
    int streams = 0;
    wire.answer_with([&](const Request& request) {
      if (request.url.text() != kStream) return page_of(request);
      ++streams;
      return in_pieces({{Millis(1), half}}, cleanly ? ok("") : fail(TransferError::short_body));
    });
    auto listing = list_media(options, MediaFilter{}, wire, clock);
    const Walked walked = walk_to_end(*listing, wire, clock);
    EXPECT_EQ(streams, 2);
    EXPECT_EQ(walked.state, Listing::State::complete) << walked.cut_reason;
    EXPECT_EQ(walked.mode, Listing::Mode::query);
    EXPECT_GT(walked.items.size(), 100u);
    EXPECT_EQ(walked.count, walked.items.size());
  }
}

TEST_F(FallbackTest, PagesThatCannotBeAskedAfterACutAreACutOfBoth) {
  options.listing = ListingMode::automatic;
  transport.on(kStream, in_pieces({{Millis(1), half_of_a_stream()}}, fail(TransferError::reset)));
  transport.on(kQuery, status(403));
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::cut);
  EXPECT_GT(walked.items.size(), 0u);
  EXPECT_NE(walked.cut_reason.find("the connection broke (reset"), std::string::npos) << walked.cut_reason;
  EXPECT_NE(walked.cut_reason.find("/media/query is closed to this API key"), std::string::npos)
      << walked.cut_reason;
}

TEST_F(FallbackTest, AStreamThatDoesNotBeginIsAskedOnceMoreAndThenThePages) {
  options.listing = ListingMode::automatic;
  options.page_size = 50;
  for (const bool gateway : {true, false}) {
    FakeTransport wire{clock};
    wire.answer_with([&](const Request& request) {
      if (request.url.text() != kStream) return page_of(request);
      EXPECT_EQ(request.first_byte_ms_max, options.answer_ms_max);
      return gateway ? status(504) : fail(TransferError::timeout_stall);
    });
    auto listing = list_media(options, MediaFilter{}, wire, clock);
    const Walked walked = walk_to_end(*listing, wire, clock);
    EXPECT_EQ(walked.state, Listing::State::complete) << walked.cut_reason;
    EXPECT_EQ(wire.count(kStream), 2u);
    EXPECT_EQ(walked.items.size(), 100u);
  }
  options.listing = ListingMode::stream;
  transport.on(kStream, fail(TransferError::timeout_stall));
  const std::string sentence = sentence_thrown_by([&] { walk(); });
  EXPECT_NE(sentence.find("did not begin to answer within 10 min"), std::string::npos) << sentence;
  EXPECT_EQ(transport.count(kStream), 2u);
}

TEST_F(FallbackTest, WhereTheStreamIsRefusedThePagesAreAsked) {
  options.listing = ListingMode::automatic;
  for (const int refusal : {403, 404, 405, 501}) {
    FakeTransport wire{clock};
    wire.on(kStream, status(refusal));
    wire.on(kQuery, ok(R"({"meta":{"total":1,"page":{"no":0}},"results":[{"id":5}]})"));
    auto listing = list_media(options, MediaFilter{}, wire, clock);
    const Walked walked = walk_to_end(*listing, wire, clock);
    EXPECT_EQ(walked.state, Listing::State::complete) << refusal;
    EXPECT_EQ(walked.mode, Listing::Mode::query);
    EXPECT_EQ(walked.items.size(), 1u);
    EXPECT_EQ(wire.count(kStream), 1u);
  }
}

TEST_F(FallbackTest, AKeyThatIsRefusedEverywhereEndsTheRun) {
  options.listing = ListingMode::automatic;
  transport.otherwise(status(403));
  EXPECT_EQ(kind_thrown_by([&] { walk(); }), ErrorKind::auth);
  EXPECT_EQ(transport.started().size(), 2u);
}

TEST_F(FallbackTest, AnUnknownKeyIsNotAskedTwice) {
  options.listing = ListingMode::automatic;
  transport.otherwise(status(401));
  EXPECT_EQ(kind_thrown_by([&] { walk(); }), ErrorKind::auth);
  EXPECT_EQ(transport.started().size(), 1u);
}

TEST_F(FallbackTest, AStreamThatWasAskedForIsNotReplacedByPages) {
  options.listing = ListingMode::stream;
  transport.on(kStream, status(404));
  EXPECT_EQ(kind_thrown_by([&] { walk(); }), ErrorKind::config);
  EXPECT_EQ(transport.count(kQuery), 0u);
}

}  // namespace
}  // namespace medimirror
