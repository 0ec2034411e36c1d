// What a call waits for, says, and does not wait for.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/walk.h"
#include "base/units.h"
#include "support/fake_transport.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

const std::string kStream = "https://api.test/v4/media/stream";

class WaitingTest : public testing::Test {
 protected:
  TemporaryFolder folder;
  ManualClock clock;
  FakeTransport transport{clock};
  ApiOptions options = test_options();
  WaitingTest() {
    options.listing = ListingMode::stream;
    options.request_ledger = folder / "requests";
  }

  std::unique_ptr<Listing> list() { return list_media(options, MediaFilter{}, transport, clock); }
  // One round of the loop.
  void step(Listing& listing, Millis span) {
    listing.advance(clock.steady_now());
    for (Completed& completed : transport.wait(clock.steady_now() + span)) listing.handle(completed);
    listing.advance(clock.steady_now());
  }
  Walked walk() {
    const auto listing = list();
    return walk_to_end(*listing, transport, clock);
  }
};

TEST_F(WaitingTest, SaysThatTheWindowIsFull) {
  options.requests_per_minute = 1;
  transport.otherwise(status(204));
  EXPECT_EQ(walk().state, Listing::State::complete);
  const auto listing = list();
  step(*listing, Millis(1));
  const auto waiting = listing->waiting();
  ASSERT_TRUE(waiting);
  EXPECT_EQ(waiting->who, "https://api.test");
  EXPECT_THAT(waiting->why, HasSubstr("at most 1 times a minute (api.requests_per_minute)"));
  ASSERT_TRUE(waiting->next);
  EXPECT_GT(*waiting->next, clock.steady_now() + seconds(50));
}

TEST_F(WaitingTest, SaysWhyItWaitsBetweenTwoTries) {
  struct Row {
    Reply reply;
    const char* why;
  };
  const Row rows[] = {
      {status(503), "it answers 503 (try 2 of 5 comes next)"},
      {status(429).with("retry-after", "30"), "it limits how often it is asked (429)"},
      {fail(TransferError::connect), "it does not answer (connect)"},
  };
  for (const Row& row : rows) {
    options.request_ledger.clear();
    FakeTransport wire{clock};
    wire.otherwise(row.reply);
    const auto listing = list_media(options, MediaFilter{}, wire, clock);
    listing->advance(clock.steady_now());
    const SteadyTime asked = clock.steady_now();
    for (Completed& completed : wire.wait(clock.steady_now() + Millis(1))) listing->handle(completed);
    const auto waiting = listing->waiting();
    ASSERT_TRUE(waiting) << row.why;
    EXPECT_THAT(waiting->why, HasSubstr(row.why));
    EXPECT_GE(waiting->since, asked);
    EXPECT_TRUE(waiting->next && *waiting->next > clock.steady_now()) << row.why;
  }
}

TEST_F(WaitingTest, SaysThatTheFirstByteIsAwaitedAndForHowLong) {
  transport.on(kStream, silence());
  const auto listing = list();
  step(*listing, seconds(3));
  EXPECT_FALSE(listing->waiting());  // an answer may take that
  const SteadyTime asked = clock.steady_now() - seconds(3);
  step(*listing, seconds(57));
  const auto waiting = listing->waiting();
  ASSERT_TRUE(waiting);
  EXPECT_THAT(waiting->why, HasSubstr("it has not begun its answer to /media/stream"));
  EXPECT_EQ(waiting->since, asked);
  EXPECT_FALSE(waiting->next);
  EXPECT_EQ(waiting->gives_up, asked + minutes(10));
}

TEST_F(WaitingTest, SaysThatItHaltsAndThatItIsWalkedAgain) {
  const std::string row = R"({"meta":{"total":2,"index":0},"result":{"id":1}})"
                          "\n";
  Reply halting = in_pieces({{Millis(1), row}});
  halting.never = true;
  transport.on(kStream, halting);
  options.retry.first_delay = Millis(20'000);
  const auto listing = list();
  std::vector<ListedItem> batch;
  step(*listing, seconds(20));
  while (listing->take(batch)) {
  }
  ASSERT_TRUE(listing->waiting());
  EXPECT_THAT(listing->waiting()->why, HasSubstr("it halts in its answer"));
  step(*listing, seconds(50));
  ASSERT_TRUE(listing->waiting());
  EXPECT_THAT(listing->waiting()->why, HasSubstr("walked again from its start (after 1 of 2 items"));
}

TEST_F(WaitingTest, APauseBeyondTheLimitEndsTheRunAtOnceAndTheNextOneToo) {
  for (const int code : {429, 503}) {
    options.request_ledger = folder / std::to_string(code);
    FakeTransport wire{clock};
    wire.otherwise(status(code).with("retry-after", "7200"));
    const SteadyTime start = clock.steady_now();
    const auto run = [&] {
      const auto listing = list_media(options, MediaFilter{}, wire, clock);
      walk_to_end(*listing, wire, clock);
    };
    const std::string first = sentence_thrown_by(run);
    EXPECT_THAT(first, HasSubstr("wants to be left alone until " + format_utc(clock.unix_now() + 7200)));
    EXPECT_EQ(wire.started().size(), 1u);
    EXPECT_EQ(kind_thrown_by(run), ErrorKind::unavailable);
    EXPECT_EQ(sentence_thrown_by(run), first);
    EXPECT_EQ(wire.started().size(), 1u) << "asked though it was told not to";
    EXPECT_LT(clock.steady_now() - start, seconds(2));
    EXPECT_EQ(kind_thrown_by([&] { first_media(options, MediaFilter{}, wire, clock); }),
              ErrorKind::unavailable);
    clock.advance(minutes(121));
    wire.otherwise(status(204));
    EXPECT_EQ(kind_thrown_by(run), std::nullopt);
  }
}

TEST_F(WaitingTest, APauseWithinTheLimitIsSatOut) {
  options.wait_ms_max = minutes(20);
  transport.on(kStream, status(429).with("retry-after", "900"));
  transport.on(kStream, status(204));
  EXPECT_EQ(walk().state, Listing::State::complete);
  EXPECT_GE(transport.started()[1].at - transport.started()[0].at, minutes(15));
}

TEST_F(WaitingTest, AnAnswerThatCannotBeDecodedIsAskedForUncompressedFromThenOn) {
  const auto answer = [](const Request& request) {
    return request.accept_compression ? fail(TransferError::encoding, "unknown coding") : status(204);
  };
  transport.answer_with(answer);
  EXPECT_EQ(walk().state, Listing::State::complete);
  EXPECT_EQ(transport.started().size(), 2u);
  EXPECT_EQ(walk().state, Listing::State::complete);  // another run
  EXPECT_EQ(transport.started().size(), 3u);
  clock.advance(std::chrono::hours(31 * 24));  // the service may have learned
  EXPECT_EQ(walk().state, Listing::State::complete);
  EXPECT_EQ(transport.started().size(), 5u);
}

TEST_F(WaitingTest, WhatCannotBeDecodedAtAllIsCalledThat) {
  transport.otherwise(fail(TransferError::encoding, "Unrecognized content encoding type"));
  const std::string sentence = sentence_thrown_by([&] { walk(); });
  EXPECT_THAT(sentence, HasSubstr("/media/stream answers in a coding that cannot be undone (Unrecognized"));
  EXPECT_THAT(sentence, testing::Not(HasSubstr("network")));
  EXPECT_EQ(transport.started().size(), 2u);
}

TEST_F(WaitingTest, ACodingThatFailsHalfWayCostsOneWalk) {
  const std::string row = R"({"meta":{"total":1,"index":0},"result":{"id":1}})"
                          "\n";
  transport.answer_with([&](const Request& request) {
    if (!request.accept_compression) return ok(row);
    return in_pieces({{Millis(1), row.substr(0, 20)}}, fail(TransferError::encoding));
  });
  const Walked walked = walk();
  EXPECT_EQ(walked.state, Listing::State::complete) << walked.cut_reason;
  EXPECT_EQ(transport.started().size(), 2u);
}

// A service that compresses although it was asked not to.
TEST_F(WaitingTest, WhatComesCompressedUnaskedIsReadAllTheSame) {
  const std::string member(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\xce\xcf\x2d\x28\x4a\x2d\x2e\x4e\x4d\x51\x28\x49\xad\x28"
      "\x01\x00"
      "\xc2\x18\xd8\xd8\x0f\x00\x00\x00",
      35);
  options.compression = false;
  transport.on(kStream, ok(member + member));
  const Walked walked = walk();
  EXPECT_TRUE(transport.started()[0].request.label_is_no_coding);
  EXPECT_THAT(walked.cut_reason, HasSubstr("\"compressed textcompressed text\""));
}

TEST_F(WaitingTest, NothingOfTheServiceIsPaced) {
  transport.otherwise(status(204));
  EXPECT_EQ(walk().state, Listing::State::complete);
  EXPECT_FALSE(transport.started()[0].request.paced);
}

TEST_F(WaitingTest, TheFirstMediaOfALargeCatalogueAreOneRequest) {
  std::string lines;
  for (int i = 0; i < 60'000; ++i)
    lines +=
        fmt::format("{{\"meta\":{{\"total\":60000,\"index\":{}}},\"result\":{{\"id\":{}}}}}\n", i, i + 1);
  transport.on(kStream, ok(lines));
  const FirstMedia first = first_media(options, MediaFilter{}, transport, clock);
  EXPECT_EQ(first.total, 60'000u);
  EXPECT_EQ(first.items.size(), 10u);
  EXPECT_EQ(transport.started().size(), 1u);
}

TEST_F(WaitingTest, TheFirstMediaOfAnEmptySelectionAreNone) {
  transport.on(kStream, status(204));
  const FirstMedia first = first_media(options, MediaFilter{}, transport, clock);
  EXPECT_EQ(first.total, 0u);
  EXPECT_TRUE(first.items.empty());
}

TEST_F(WaitingTest, TheFirstMediaComeInAPageWhereThereIsNoStream) {
  transport.on(kStream, status(404));
  transport.on("https://api.test/v4/media/query",
               ok(R"({"meta":{"total":10000},"results":[{"id":1},{"id":2}]})"));
  const FirstMedia first = first_media(options, MediaFilter{}, transport, clock);
  EXPECT_EQ(first.total, kTotalCap);
  EXPECT_EQ(first.items.size(), 2u);
  EXPECT_EQ(transport.started().size(), 2u);
}

}  // namespace
}  // namespace medimirror
