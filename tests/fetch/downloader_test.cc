// The downloader against a scripted transport and a clock that the test moves: order, limits, retries, counted.
#include <map>
#include <set>

#include "downloader_fixture.h"

namespace medimirror {
namespace {

TEST_F(DownloaderTest, WhatWasNotedUnderAnotherClockIsNotBelieved) {
  make();
  const WallTime ten_years_on = clock_.wall_now() + std::chrono::days(3650);
  downloader_->remember({.pauses = {{kHost, ten_years_on}, {kHost + "/1.jpg", ten_years_on}},
                         .bans = {{kHost + "/2.jpg", ten_years_on}}});
  transport_.otherwise(ok("x").with("last-modified", "Mon, 01 Jan 0001 00:00:00 GMT"));
  add(1, kHost + "/1.jpg");
  const std::vector<FetchResult> results = run();
  ASSERT_EQ(count<Fetched>(results), 1u);
  EXPECT_GE(*std::get<Fetched>(results[0].outcome).last_modified, 0) << "a time that every file system holds";
}

TEST_F(DownloaderTest, FetchesEachOnceAndGivesTheRoomBack) {
  transport_.otherwise(ok("bytes"));
  make();
  add_many(100);
  const auto results = run();
  EXPECT_EQ(count<Fetched>(results), 100u);
  EXPECT_EQ(transport_.started().size(), 100u);
  EXPECT_LE(transport_.most_in_flight(), 16u);
  EXPECT_EQ(room_->items_left(), kItems);
  EXPECT_EQ(room_->bytes_left(), kBytes);
}

TEST_F(DownloaderTest, StartsNoMoreThanThereIsRoomFor) {
  transport_.otherwise(ok("bytes").after(Millis(10)));
  room_ = std::make_shared<Room>(RoomSize{3, kBytes});
  make();
  add_many(20);
  EXPECT_EQ(count<Fetched>(run()), 20u);
  EXPECT_LE(transport_.most_in_flight(), 3u);
}

TEST_F(DownloaderTest, PassesValidatorsAndTellsNotModified) {
  transport_.otherwise(status(304));
  make();
  add(1, kHost + "/1.jpg", {"\"tag\"", "Mon, 01 Jan 2024 00:00:00 GMT"});
  const auto results = run();
  ASSERT_EQ(count<NotModified>(results), 1u);
  const auto& headers = transport_.started()[0].request.headers;
  EXPECT_NE(std::ranges::find(headers, "If-None-Match: \"tag\""), headers.end());
  EXPECT_NE(std::ranges::find(headers, "If-Modified-Since: Mon, 01 Jan 2024 00:00:00 GMT"), headers.end());
}

TEST_F(DownloaderTest, ABrokenTransferIsTriedAgainAndCounted) {
  transport_.on(kHost + "/1.jpg", fail(TransferError::short_body));
  transport_.on(kHost + "/1.jpg", fail(TransferError::reset));
  transport_.on(kHost + "/1.jpg", ok("bytes"));
  make();
  add(1, kHost + "/1.jpg");
  const auto results = run();
  ASSERT_EQ(count<Fetched>(results), 1u);
  EXPECT_EQ(results[0].tries, 3u);
  EXPECT_EQ(downloader_->retries(), 2u);
}

TEST_F(DownloaderTest, GivesUpAfterTheAttemptsAllowed) {
  transport_.otherwise(status(500));
  options_.retry.attempts_max = 4;
  make();
  add(1, kHost + "/1.jpg");
  const auto results = run();
  ASSERT_EQ(count<GaveUp>(results), 1u);
  EXPECT_EQ(std::get<GaveUp>(results[0].outcome).reason, "http_500");
  EXPECT_EQ(transport_.started().size(), 4u);
}

TEST_F(DownloaderTest, GoneAndRefusedAreNotTriedAgain) {
  transport_.on(kHost + "/1.jpg", status(404));
  transport_.on(kHost + "/2.jpg", status(403));
  make();
  add_many(2);
  const auto results = run();
  EXPECT_EQ(count<Gone>(results), 1u);
  EXPECT_EQ(count<Refused>(results), 1u);
  EXPECT_EQ(transport_.started().size(), 2u);
}

TEST_F(DownloaderTest, RetryAfterPausesTheWholeHostAndIsAFloor) {
  transport_.on(kHost + "/1.jpg", status(429).with("retry-after", "30"));
  transport_.on(kHost + "/1.jpg", ok("bytes"));
  transport_.otherwise(ok("bytes"));
  transport_.set_limits({1, 64});
  make();
  add_many(5);
  const SteadyTime start = clock_.steady_now();
  EXPECT_EQ(count<Fetched>(run()), 5u);
  ASSERT_EQ(transport_.started().size(), 6u);
  for (std::size_t i = 1; i < 6; ++i)
    EXPECT_GE(transport_.started()[i].at - start, std::chrono::seconds(30)) << "request " << i;
}

TEST_F(DownloaderTest, APausedHostDoesNotHoldUpAnother) {
  transport_.on(kHost + "/1.jpg", status(503).with("retry-after", "100"));
  transport_.on(kHost + "/1.jpg", ok("bytes"));
  transport_.on("https://assets.medipim.be/2.jpg", ok("bytes").after(Millis(50)));
  make();
  const SteadyTime start = clock_.steady_now();
  add(1, kHost + "/1.jpg");
  add(2, "https://assets.medipim.be/2.jpg");
  const auto results = run();
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].key.media, 2u);
  EXPECT_GE(clock_.steady_now() - start, std::chrono::seconds(100));
}

TEST_F(DownloaderTest, AWaitLongerThanARunLeavesTheHostForLater) {
  transport_.otherwise(status(429).with("retry-after", "7200"));
  make();
  add_many(50);
  const auto results = run();
  EXPECT_EQ(count<Cancelled>(results) + count<GaveUp>(results), 50u);
  EXPECT_LE(transport_.started().size(), 16u);
  ASSERT_EQ(downloader_->trouble().size(), 1u);
  EXPECT_TRUE(downloader_->trouble()[0].try_later);
  const HostMemory memory = downloader_->memory();
  const auto& pauses = memory.pauses;
  ASSERT_EQ(pauses.size(), 1u);
  EXPECT_GE(pauses[0].second - clock_.wall_now(), std::chrono::minutes(110));

  // the next run remembers it, and asks nothing
  Downloader next(options_, transport_, clock_, room_, 2);
  next.remember(memory);
  const std::size_t before = transport_.started().size();
  next.add({{1, "huge"}, kHost + "/1.jpg", {}});
  next.advance();
  EXPECT_EQ(transport_.started().size(), before);
}

TEST_F(DownloaderTest, AHostThatRefusesEverythingIsLeftAloneWithOneSentence) {
  transport_.otherwise(status(403));
  make();
  add_many(5'000);
  const auto results = run();
  EXPECT_EQ(results.size(), 5'000u);
  EXPECT_LE(transport_.started().size(), 40u);
  ASSERT_EQ(downloader_->trouble().size(), 1u);
  EXPECT_NE(downloader_->trouble()[0].sentence.find("User-Agent"), std::string::npos);
  EXPECT_FALSE(downloader_->trouble()[0].try_later);
}

TEST_F(DownloaderTest, SomeRefusalsAmongSuccessesStopNothing) {
  transport_.answer_with([](const Request& request) -> std::optional<Reply> {
    const auto slash = request.url.text().rfind('/');
    return std::stoi(request.url.text().substr(slash + 1)) % 10 == 0 ? ok("bytes") : status(403);
  });
  options_.refusals_to_give_up = 20;
  make();
  add_many(1'000);
  const auto results = run();
  EXPECT_EQ(count<Fetched>(results), 100u);
  EXPECT_EQ(count<Refused>(results), 900u);
  EXPECT_TRUE(downloader_->trouble().empty());
}

TEST_F(DownloaderTest, AnOutageIsProbedAndNotStormed) {
  options_.outage_ms_max = std::chrono::minutes(10);
  for (const Reply& reply : {fail(TransferError::connect), status(503), status(500)}) {
    transport_.otherwise(reply);
    make();
    add_many(10'000);
    const std::size_t before = transport_.started().size();
    const auto results = run();
    EXPECT_EQ(results.size(), 10'000u);
    EXPECT_EQ(count<Fetched>(results), 0u);
    EXPECT_LE(transport_.started().size() - before, 100u) << "requests in a ten-minute outage";
    ASSERT_EQ(downloader_->trouble().size(), 1u);
    EXPECT_TRUE(downloader_->trouble()[0].try_later);
  }
}

TEST_F(DownloaderTest, AShortOutageCostsNothingButTime) {
  const SteadyTime end = clock_.steady_now() + std::chrono::seconds(45);
  transport_.answer_with([&](const Request&) -> std::optional<Reply> {
    return clock_.steady_now() < end ? fail(TransferError::connect) : ok("bytes");
  });
  options_.retry.attempts_max = 10;
  make();
  add_many(200);
  EXPECT_EQ(count<Fetched>(run()), 200u);
}

TEST_F(DownloaderTest, AnOutageSpendsNoPicturesAttempts) {
  const SteadyTime end = clock_.steady_now() + std::chrono::seconds(280);
  transport_.answer_with([&](const Request&) -> std::optional<Reply> {
    return clock_.steady_now() < end ? status(503) : ok("bytes");
  });
  make();
  add_many(200);
  EXPECT_EQ(count<Fetched>(run()), 200u);
}

TEST_F(DownloaderTest, RetriesAreAShareOfFirstTriesUntilThereIsNothingElseToDo) {
  std::set<std::string> seen;
  std::size_t again_meanwhile = 0;
  transport_.answer_with([&](const Request& request) -> std::optional<Reply> {
    const bool first = seen.insert(request.url.text()).second;
    if (!first && seen.size() < 2'000) ++again_meanwhile;
    const bool fails = first && number_of(request) % 2 == 0;  // never ten in a row
    return (fails ? fail(TransferError::reset) : ok("bytes")).after(Millis(50));
  });
  options_.retry_budget_start = 10;
  make();
  add_many(2'000);
  EXPECT_EQ(count<Fetched>(run()), 2'000u) << "a budget delays";
  EXPECT_GT(again_meanwhile, 0u);
  EXPECT_LE(again_meanwhile, 10u + 2'000 / 10);
  EXPECT_EQ(downloader_->retries(), 1'000u);
}

TEST_F(DownloaderTest, EveryFaultThatOneMoreRequestMendsIsMendedHoweverManyAreHopeless) {
  std::map<std::string, int> asked;
  transport_.answer_with([&](const Request& request) -> std::optional<Reply> {
    const int time = ++asked[request.url.text()];
    switch (number_of(request) % 6) {
      case 0:
        return time == 1 ? status(429) : ok("JPEG");
      case 1:
        return time <= 2 ? status(503) : ok("JPEG");
      case 2:
        return time == 1 ? fail(TransferError::short_body) : ok("JPEG");
      case 3:
        return ok("<html>for ever</html>");
      case 4:
        return status(404);
      default:
        return ok("JPEG");
    }
  });
  options_.plausible = [](std::string_view body) { return body == "JPEG"; };
  options_.retry_budget_start = 10;
  make();
  add_many(330);
  const auto results = run();
  EXPECT_EQ(results.size(), 330u);
  EXPECT_EQ(count<Gone>(results), 55u);
  const auto good = std::ranges::count_if(results, [](const FetchResult& result) {
    const auto* fetched = std::get_if<Fetched>(&result.outcome);
    return fetched != nullptr && fetched->body.view() == "JPEG";
  });
  EXPECT_EQ(good, 220);
  EXPECT_LE(transport_.started().size(), 330u + 4 * 55u + 43u) << "the hopeless got no more than the budget";
}

TEST_F(DownloaderTest, ARoundThatBringsNothingIsTheLastOne) {
  transport_.answer_with([&](const Request& request) -> std::optional<Reply> {
    return number_of(request) % 2 == 0 ? ok("bytes") : fail(TransferError::reset);
  });
  options_.retry_budget_start = options_.retry_budget_share = 0;
  options_.retry.attempts_max = 50;
  make();
  add_many(200);
  const auto results = run();
  EXPECT_EQ(count<Fetched>(results), 100u);
  EXPECT_EQ(count<GaveUp>(results), 100u);
  EXPECT_LE(transport_.started().size(), 300u + 20u);
}

TEST_F(DownloaderTest, RedirectsAreFollowedToAllowedHostsOnly) {
  transport_.on(kHost + "/1.jpg", redirect("https://assets.medipim.be/x.jpg"));
  transport_.on("https://assets.medipim.be/x.jpg", ok("bytes"));
  transport_.on(kHost + "/2.jpg", redirect("https://evil.example/x.jpg"));
  transport_.on(kHost + "/3.jpg", redirect("/3.jpg"));
  transport_.on(kHost + "/4.jpg", redirect("http://media.medipim.be/4.jpg"));
  transport_.on(kHost + "/5.jpg", redirect("file:///etc/passwd"));
  make();
  add_many(5);
  const auto results = run();
  EXPECT_EQ(count<Fetched>(results), 1u);
  EXPECT_EQ(count<Refused>(results), 4u);
  EXPECT_EQ(transport_.count("https://evil.example/x.jpg"), 0u);
  EXPECT_EQ(transport_.count(kHost + "/3.jpg"), 6u) << "the first and five redirects";
  EXPECT_EQ(transport_.count("http://media.medipim.be/4.jpg"), 0u);
}

TEST_F(DownloaderTest, AfterARedirectARetryBeginsAtTheBeginning) {
  transport_.on(kHost + "/1.jpg", redirect("https://assets.medipim.be/x.jpg"));
  transport_.on("https://assets.medipim.be/x.jpg", fail(TransferError::reset));
  transport_.on("https://assets.medipim.be/x.jpg", ok("bytes"));
  make();
  add(1, kHost + "/1.jpg");
  EXPECT_EQ(count<Fetched>(run()), 1u);
  EXPECT_EQ(transport_.count(kHost + "/1.jpg"), 2u);
  EXPECT_TRUE(downloader_->idle());
}

TEST_F(DownloaderTest, HostsAndUrlsThatAreNotAllowedAreNeverAsked) {
  make();
  add(1, "https://elsewhere.example/1.jpg");
  add(2, "media/huge/2.jpg");
  add(3, "ftp://media.medipim.be/3.jpg");
  const auto results = run();
  EXPECT_EQ(count<Refused>(results), 3u);
  EXPECT_TRUE(transport_.started().empty());
}

TEST_F(DownloaderTest, ABodyThatIsNoPictureIsAskedForOnceMore) {
  transport_.on(kHost + "/1.jpg", ok("<html>try later</html>"));
  transport_.on(kHost + "/1.jpg", ok("JPEG"));
  transport_.on(kHost + "/2.jpg", ok("<html>for ever</html>"));
  options_.plausible = [](std::string_view body) { return body == "JPEG"; };
  make();
  add_many(2);
  const auto results = run();
  ASSERT_EQ(count<Fetched>(results), 2u) << "the second one is passed on, to be refused by name";
  EXPECT_EQ(transport_.started().size(), 4u);
}

TEST_F(DownloaderTest, ABodyThatIsNoPictureIsPassedOnWhereThereIsNoSecondTry) {
  transport_.otherwise(ok("<html>for ever</html>"));
  options_.plausible = [](std::string_view body) { return body == "JPEG"; };
  options_.retry.attempts_max = 1;
  make();
  add_many(3);
  EXPECT_EQ(count<Fetched>(run()), 3u);

  options_.retry.attempts_max = 5;
  options_.retry_budget_start = 0;
  options_.retry_budget_share = 0;
  make();
  add_many(3);
  EXPECT_EQ(count<Fetched>(run()), 3u);
  EXPECT_EQ(transport_.started().size(), 6u);
}

TEST_F(DownloaderTest, ADigestHeaderThatDisagreesIsADamagedBody) {
  transport_.on(kHost + "/1.jpg", ok("bytes").with("content-md5", "AAAAAAAAAAAAAAAAAAAAAA=="));
  transport_.on(kHost + "/1.jpg", ok("bytes"));
  transport_.on(kHost + "/2.jpg", ok("bytes").with("content-md5", "AAAAAAAAAAAAAAAAAAAAAA=="));
  make();
  add_many(2);
  const auto results = run();
  EXPECT_EQ(count<Fetched>(results), 1u);
  ASSERT_EQ(count<GaveUp>(results), 1u);
  for (const FetchResult& result : results) {
    if (const auto* failure = std::get_if<GaveUp>(&result.outcome)) {
      EXPECT_EQ(failure->reason, "wrong_digest");
    }
  }
}

TEST_F(DownloaderTest, DrainingEndsWhatIsInFlightAndStartsNothing) {
  transport_.otherwise(ok("bytes").after(Millis(100)));
  make();
  add_many(100);
  downloader_->advance();
  ASSERT_EQ(downloader_->in_flight(), 16u);
  downloader_->drain();
  const auto results = run();
  EXPECT_EQ(count<Fetched>(results), 16u);
  EXPECT_EQ(count<Cancelled>(results), 84u);
  EXPECT_EQ(transport_.started().size(), 16u);
}

}  // namespace
}  // namespace medimirror
