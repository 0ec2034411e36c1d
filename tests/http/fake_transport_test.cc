// The double must keep the promises of transport.h, or the tests that use it prove nothing.
#include "support/fake_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace medimirror {
namespace {

using testing::ElementsAre;

Request get(std::string url) {
  Request request;
  request.url = *parse_url(url);
  return request;
}

class FakeTransportTest : public testing::Test {
 protected:
  ManualClock clock_;
  FakeTransport transport_{clock_};
  SteadyTime soon() const { return clock_.steady_now() + std::chrono::hours(1); }
  TransferError error_of(const Completed& one) const { return std::get<TransferFailure>(one.result).error; }
};

TEST_F(FakeTransportTest, AnswersInTurnAndRepeatsTheLast) {
  transport_.on("https://h/a", fail(TransferError::reset));
  transport_.on("https://h/a", ok("body"));
  for (const bool fails : {true, false, false}) {
    transport_.start(get("https://h/a"));
    const auto done = transport_.wait(soon());
    ASSERT_EQ(done.size(), 1u);
    EXPECT_EQ(std::holds_alternative<TransferFailure>(done[0].result), fails);
  }
  transport_.start(get("https://h/b"));
  EXPECT_EQ(std::get<Response>(transport_.wait(soon())[0].result).status, 404);
  EXPECT_EQ(transport_.count("https://h/a"), 3u);
}

TEST_F(FakeTransportTest, MovesTheClockToWhatHappensNext) {
  transport_.on("https://h/slow", ok("x").after(Millis(500)));
  transport_.on("https://h/fast", ok("x").after(Millis(200)));
  const SteadyTime begin = clock_.steady_now();
  const RequestId slow = transport_.start(get("https://h/slow"));
  const RequestId fast = transport_.start(get("https://h/fast"));
  EXPECT_EQ(transport_.wait(soon())[0].id, fast);
  EXPECT_EQ(clock_.steady_now(), begin + Millis(200));
  EXPECT_TRUE(transport_.wait(begin + Millis(300)).empty());
  EXPECT_EQ(clock_.steady_now(), begin + Millis(300));
  EXPECT_EQ(transport_.wait(soon())[0].id, slow);
  EXPECT_EQ(clock_.steady_now(), begin + Millis(500));
  EXPECT_EQ(transport_.started()[1].at, begin);
}

TEST_F(FakeTransportTest, KeepsTheLimitsOfTheRequest) {
  transport_.on("https://h/silent", silence());
  transport_.on("https://h/large", ok("12345"));
  transport_.on("https://h/drip", in_pieces({{Millis(900), "a"}, {Millis(900), "b"}, {Millis(900), "c"}}));
  Request request = get("https://h/silent");
  request.limits.stall_ms_max = Millis(1000);
  transport_.start(request);
  EXPECT_EQ(error_of(transport_.wait(soon())[0]), TransferError::timeout_stall);
  request = get("https://h/large");
  request.body_bytes_max = 4;
  transport_.start(request);
  EXPECT_EQ(error_of(transport_.wait(soon())[0]), TransferError::too_large);
  request = get("https://h/drip");
  request.limits.total_ms_max = Millis(2000);
  transport_.start(request);
  EXPECT_EQ(error_of(transport_.wait(soon())[0]), TransferError::timeout_total);
}

TEST_F(FakeTransportTest, HandsPiecesOverAtTheirTimes) {
  transport_.on("https://h/s",
                in_pieces({{Millis(0), "a"}, {Millis(100), "b"}}, fail(TransferError::short_body)));
  const SteadyTime begin = clock_.steady_now();
  std::vector<std::pair<std::string, Millis>> seen;
  Request request = get("https://h/s");
  request.on_body = [&](std::string_view bytes) {
    seen.emplace_back(bytes, std::chrono::duration_cast<Millis>(clock_.steady_now() - begin));
    return true;
  };
  transport_.start(std::move(request));
  EXPECT_EQ(error_of(transport_.wait(soon())[0]), TransferError::short_body);
  EXPECT_THAT(seen,
              ElementsAre(std::pair(std::string("a"), Millis(0)), std::pair(std::string("b"), Millis(100))));
}

TEST_F(FakeTransportTest, HashesAndCountsBodies) {
  transport_.on("https://h/a", ok("hello"));
  Request request = get("https://h/a");
  request.hash_body = true;
  transport_.start(std::move(request));
  const auto done = transport_.wait(soon());
  const Response& response = std::get<Response>(done[0].result);
  EXPECT_EQ(response.sha256, sha256("hello"));
  EXPECT_EQ(response.bytes_received, 5u);
}

TEST_F(FakeTransportTest, CountsHostsAndAll) {
  transport_.set_limits({.per_host = 1, .in_all = 2});
  transport_.otherwise(silence());
  const RequestId first = transport_.start(get("https://a/1"));
  EXPECT_FALSE(transport_.can_start(*parse_url("https://a/2")));
  EXPECT_THROW(transport_.start(get("https://a/2")), std::logic_error);
  EXPECT_TRUE(transport_.can_start(*parse_url("https://b/1")));
  transport_.start(get("https://b/1"));
  EXPECT_FALSE(transport_.can_start(*parse_url("https://c/1")));
  transport_.abort(first);
  const auto done = transport_.wait(soon());
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(error_of(done[0]), TransferError::aborted);
  EXPECT_TRUE(transport_.can_start(*parse_url("https://a/2")));
  EXPECT_EQ(transport_.most_in_flight(), 2u);
}

TEST_F(FakeTransportTest, NoticesAWaitThatWouldNeverEnd) {
  EXPECT_THROW(transport_.wait(SteadyTime::max()), std::logic_error);
}

TEST(FakeTransportInRealTime, IsWokenByAnotherThread) {
  FakeTransport transport;
  transport.otherwise(silence());
  transport.start(get("https://h/a"));
  std::thread other([&] { transport.wake(); });
  EXPECT_TRUE(transport.wait(std::chrono::steady_clock::now() + std::chrono::seconds(20)).empty());
  other.join();
}

}  // namespace
}  // namespace medimirror
