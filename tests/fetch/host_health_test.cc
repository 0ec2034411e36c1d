// Bans, pauses and outages: which answers speak of the host, what is asked meanwhile, and what the run says of it.
#include <gmock/gmock.h>

#include <set>

#include "downloader_fixture.h"

namespace medimirror {
namespace {

using testing::HasSubstr;

class HostHealthTest : public DownloaderTest {
 protected:
  // Grants `good` requests, then answers all with `then`.
  void grant_then(std::size_t good, Reply then) {
    transport_.answer_with([this, good, then](const Request&) -> std::optional<Reply> {
      return (++asked_ <= good ? ok("bytes") : Reply(then)).after(Millis(20));
    });
  }
  std::string only_sentence() {
    const auto trouble = downloader_->trouble();
    EXPECT_EQ(trouble.size(), 1u);
    return trouble.empty() ? "" : trouble[0].sentence;
  }
  std::size_t asked_ = 0;
};

TEST_F(HostHealthTest, ABanEndsTheHostWithinTwentyRequestsAndFailsNoPicture) {
  for (const int code : {403, 401, 407, 418}) {
    asked_ = 0;
    grant_then(100, status(code));
    make();
    add_many(5'000);
    const auto results = run();
    EXPECT_EQ(count<Fetched>(results), 100u);
    EXPECT_EQ(count<Cancelled>(results), 4'900u) << "they stay wanted";
    EXPECT_LE(asked_, 120u) << code;
    EXPECT_THAT(only_sentence(), HasSubstr("banned this machine"));
    EXPECT_TRUE(downloader_->trouble()[0].try_later);
  }
}

// Requests overtake each other: of those under way when the ban begins some are granted, later than others are refused.
TEST_F(HostHealthTest, ABanThatBeginsInTheMiddleEndsTheHostWithinTwentyRequests) {
  int refused = 0;
  transport_.answer_with([&](const Request&) -> std::optional<Reply> {
    ++asked_;
    if (asked_ <= 100 || (asked_ <= 116 && asked_ % 3 == 0)) return ok("bytes").after(Millis(20));
    ++refused;
    return status(403).after(Millis(5));
  });
  make();
  add_many(5'000);
  run();
  EXPECT_LE(refused, 20);
  EXPECT_THAT(only_sentence(), HasSubstr("banned this machine"));
}

TEST_F(HostHealthTest, ABanIsRememberedAndTheNextRunAsksOnce) {
  grant_then(100, status(403));
  make();
  add_many(300);
  run();
  HostMemory memory = downloader_->memory();
  ASSERT_EQ(memory.bans.size(), 1u);
  memory = parse_host_memory(format_pauses(memory), format_spacings(memory), format_bans(memory));

  asked_ = 100;  // it still does
  make();
  downloader_->remember(memory);
  add_many(300);
  EXPECT_EQ(count<Cancelled>(run()), 300u) << "they stay wanted";
  EXPECT_EQ(asked_, 101u);
  EXPECT_THAT(only_sentence(), HasSubstr("banned this machine in an earlier run"));
  EXPECT_EQ(downloader_->memory().bans, memory.bans) << "nothing new to be kept";

  transport_.answer_with([](const Request&) { return ok("bytes"); });  // no more
  make();
  downloader_->remember(memory);
  add_many(300);
  EXPECT_EQ(count<Fetched>(run()), 300u);
  EXPECT_TRUE(downloader_->memory().bans.empty());

  make();  // nothing is wanted of it: it is left in peace, and what is known stays
  downloader_->remember(memory);
  EXPECT_TRUE(run().empty());
  EXPECT_EQ(downloader_->memory().bans, memory.bans);
}

TEST_F(HostHealthTest, ALimitWithoutEndIsLeftWithinTwentyRequestsAndAMinuteOrTwo) {
  grant_then(100, status(429));
  make();
  add_many(5'000);
  const SteadyTime start = clock_.steady_now();
  const auto results = run();
  EXPECT_EQ(count<Fetched>(results), 100u);
  EXPECT_EQ(count<Cancelled>(results), 4'900u);
  EXPECT_LE(asked_, 121u);
  EXPECT_LE(clock_.steady_now() - start, std::chrono::minutes(2));
  const HostTrouble trouble = downloader_->trouble().at(0);
  EXPECT_TRUE(trouble.try_later);
  ASSERT_TRUE(trouble.outage);
  EXPECT_THAT(trouble.outage->clause, HasSubstr("fails (nearly) every request (http_429)"));
  EXPECT_GE(trouble.outage->since, start);
}

TEST_F(HostHealthTest, OneGrantAMinuteIsNoWayToGoOn) {
  SteadyTime next = clock_.steady_now();
  transport_.answer_with([&](const Request&) -> std::optional<Reply> {
    if (++asked_ <= 100) return ok("bytes");
    if (clock_.steady_now() < next) return status(429);
    next = clock_.steady_now() + std::chrono::minutes(1);
    return ok("bytes");
  });
  make();
  add_many(500);
  const SteadyTime start = clock_.steady_now();
  run();
  EXPECT_LE(clock_.steady_now() - start, std::chrono::minutes(5));
  EXPECT_EQ(downloader_->trouble().size(), 1u);
}

TEST_F(HostHealthTest, ManyRefusalsAreNoBanWhileThePicturesGrantedBeforeAreGranted) {
  transport_.answer_with([](const Request& request) -> std::optional<Reply> {
    return (number_of(request) <= 20 ? ok("bytes") : status(403)).after(Millis(20));
  });
  make();
  add_many(300);
  const auto results = run();
  EXPECT_EQ(count<Fetched>(results), 20u);
  EXPECT_EQ(count<Refused>(results), 280u);
  EXPECT_TRUE(downloader_->trouble().empty());
  EXPECT_LE(transport_.started().size(), 310u) << "some probes, each after a row twice as long";
}

TEST_F(HostHealthTest, AShortRowOfRefusalsAtTheEndConcernsThePictures) {
  transport_.answer_with([](const Request& request) -> std::optional<Reply> {
    return number_of(request) <= 20 ? ok("bytes") : status(403);
  });
  make();
  add_many(25);
  EXPECT_EQ(count<Refused>(run()), 5u);
}

TEST_F(HostHealthTest, OneOddRetryAfterCostsItsPictureAlone) {
  transport_.on(kHost + "/7.jpg", status(503).with("retry-after", "86400"));
  transport_.otherwise(ok("bytes").after(Millis(20)));
  make();
  add_many(200);
  const SteadyTime start = clock_.steady_now();
  const auto results = run();
  EXPECT_EQ(count<Fetched>(results), 199u);
  ASSERT_EQ(count<GaveUp>(results), 1u);
  EXPECT_LE(clock_.steady_now() - start, std::chrono::seconds(5));
  EXPECT_TRUE(downloader_->trouble().empty());

  // and it is not asked for by the next run either, while its host is
  const HostMemory memory = downloader_->memory();
  ASSERT_EQ(memory.pauses.size(), 1u);
  EXPECT_EQ(memory.pauses[0].first, kHost + "/7.jpg");
  make();
  downloader_->remember(parse_host_memory(format_pauses(memory), "", ""));
  add_many(200);
  const std::size_t before = transport_.started().size();
  EXPECT_EQ(count<Fetched>(run()), 199u);
  EXPECT_EQ(transport_.started().size(), before + 199);
  clock_.advance(std::chrono::hours(25));
  add(7, kHost + "/7.jpg");
  run();
  EXPECT_EQ(transport_.count(kHost + "/7.jpg"), 2u);
}

TEST_F(HostHealthTest, TheFirstPictureAloneDoesNotCloseTheHostForADay) {
  transport_.on(kHost + "/1.jpg", status(503).with("retry-after", "86400"));
  transport_.otherwise(ok("bytes"));
  make();
  add_many(20);
  EXPECT_EQ(count<Fetched>(run()), 19u);
  EXPECT_TRUE(downloader_->trouble().empty());
}

TEST_F(HostHealthTest, WhatIsLeftAtTheEndIsNoOutage) {
  for (const Reply& reply : {status(503), status(429), status(500), fail(TransferError::reset)}) {
    transport_.answer_with([&](const Request& request) -> std::optional<Reply> {
      return (number_of(request) % 10 == 0 ? Reply(reply) : ok("bytes")).after(Millis(20));
    });
    options_.retry.attempts_max = 2;
    make();
    add_many(300);
    const SteadyTime start = clock_.steady_now();
    const auto results = run();
    EXPECT_EQ(count<Fetched>(results), 270u);
    EXPECT_EQ(count<GaveUp>(results), 30u);
    EXPECT_LE(clock_.steady_now() - start, std::chrono::seconds(30));
    EXPECT_TRUE(downloader_->trouble().empty());
    for (const FetchResult& result : results) EXPECT_LE(result.tries, 2u);
  }
}

TEST_F(HostHealthTest, APrivateAddressIsOurReasonAndSaysSo) {
  transport_.otherwise(fail(TransferError::address_refused));
  make();
  add_many(500);
  const auto results = run();
  EXPECT_LE(count<Refused>(results), 40u);
  EXPECT_THAT(only_sentence(), HasSubstr("allow_private_addresses"));
  EXPECT_THAT(only_sentence(), testing::Not(HasSubstr("User-Agent")));
  EXPECT_FALSE(downloader_->trouble()[0].try_later);
}

TEST_F(HostHealthTest, ASignedAddressThatExpiredIsAskedForAnewOnce) {
  std::set<std::string> used;
  int signature = 0;
  transport_.answer_with([&](const Request& request) -> std::optional<Reply> {
    if (request.url.text().starts_with(kHost))
      return redirect(fmt::format("https://assets.medipim.be/{}.jpg?s={}", number_of(request), ++signature));
    return request.url.text().find("/9.jpg") != std::string::npos || signature < 2 ? status(403)
                                                                                   : ok("bytes");
  });
  make();
  for (const MediaId id : {1, 2, 9}) add(id, fmt::format("{}/{}.jpg", kHost, id));
  transport_.set_limits({1, 1});
  const auto results = run();
  EXPECT_EQ(count<Fetched>(results), 2u);
  EXPECT_EQ(count<Refused>(results), 1u);
  EXPECT_EQ(transport_.count(kHost + "/9.jpg"), 2u);
}

TEST_F(HostHealthTest, RemembersTheSpacingAndForgetsItWhereTheHostIsFree) {
  make();
  downloader_->remember({{}, {{kHost, std::chrono::milliseconds(50)}}});
  transport_.otherwise(ok("bytes").after(Millis(1)));
  add_many(1'000);
  const SteadyTime start = clock_.steady_now();
  EXPECT_EQ(count<Fetched>(run()), 1'000u);
  EXPECT_LE(clock_.steady_now() - start, Millis(3000)) << "at 50 ms it would be 50 s";
  EXPECT_TRUE(downloader_->memory().spacings.empty());
}

TEST_F(HostHealthTest, RefusalsThatNoPaceExplainsDoNotSlowTheHostForEver) {
  transport_.answer_with([this](const Request&) -> std::optional<Reply> {
    return (++asked_ * 7919 % 100 < 20 ? status(503) : ok("bytes"))
        .after(Millis(20));  // one in five, as it happens
  });
  options_.retry.attempts_max = 10;
  make();
  add_many(3'000);
  const SteadyTime start = clock_.steady_now();
  EXPECT_GE(count<Fetched>(run()), 2'990u);
  EXPECT_LE(clock_.steady_now() - start, std::chrono::minutes(2));
}

TEST_F(HostHealthTest, SaysWhatItWaitsFor) {
  grant_then(20, status(403));
  make();
  add_many(100);
  run(Millis(1'000));
  ASSERT_EQ(downloader_->waiting().size(), 1u);
  EXPECT_THAT(downloader_->waiting()[0].why, HasSubstr("whether it bans us"));
  EXPECT_LE(*downloader_->waiting()[0].next - clock_.steady_now(), std::chrono::seconds(5));

  asked_ = 0;
  grant_then(20, status(429));
  make();
  add_many(100);
  run(Millis(2'000));
  ASSERT_EQ(downloader_->waiting().size(), 1u);
  const Waiting limited = downloader_->waiting()[0];
  EXPECT_THAT(limited.why, HasSubstr("http_429"));
  ASSERT_TRUE(limited.next && limited.gives_up);
  EXPECT_GT(*limited.next, clock_.steady_now());

  transport_.answer_with(nullptr);
  transport_.otherwise(silence());
  make();
  add_many(3);
  run(Millis(12'000));
  ASSERT_EQ(downloader_->waiting().size(), 1u);
  EXPECT_EQ(downloader_->waiting()[0].next, std::nullopt);
  EXPECT_THAT(downloader_->waiting()[0].why, HasSubstr("not answered"));
}

}  // namespace
}  // namespace medimirror
