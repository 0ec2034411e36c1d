#include "http/retry_policy.h"

#include <gtest/gtest.h>

namespace medimirror {
namespace {

using std::chrono::seconds;

const WallTime kNow{seconds(1'780'000'000)};

Response copy_of(const Response& response) {
  Response copy;
  copy.status = response.status;
  copy.headers = response.headers;
  copy.bytes_received = response.bytes_received;
  return copy;
}

Response with_status(int status) {
  Response response;
  response.status = status;
  return response;
}

TEST(Classify, KnowsEveryStatus) {
  const std::pair<int, Verdict> rows[] = {
      {200, Verdict::success},   {203, Verdict::success},   {204, Verdict::success},
      {206, Verdict::try_again}, {300, Verdict::refused},   {304, Verdict::not_modified},
      {305, Verdict::refused},   {400, Verdict::refused},   {401, Verdict::refused},
      {403, Verdict::refused},   {404, Verdict::gone},      {405, Verdict::refused},
      {408, Verdict::try_again}, {410, Verdict::gone},      {418, Verdict::refused},
      {422, Verdict::refused},   {425, Verdict::try_again}, {429, Verdict::try_again},
      {451, Verdict::refused},   {500, Verdict::try_again}, {501, Verdict::refused},
      {502, Verdict::try_again}, {503, Verdict::try_again}, {504, Verdict::try_again},
      {505, Verdict::refused},   {520, Verdict::try_again}, {0, Verdict::refused},
  };
  for (const auto& [status, verdict] : rows) {
    const Classified classified = classify(with_status(status), kNow);
    EXPECT_EQ(classified.verdict, verdict) << status;
    EXPECT_EQ(classified.reason, "http_" + std::to_string(status));
    EXPECT_EQ(classified.whole_host, status == 429 || status == 503) << status;
  }
}

TEST(Classify, CallsARedirectOneOnlyWithAnAddress) {
  for (const int status : {301, 302, 303, 307, 308}) {
    Response response = with_status(status);
    EXPECT_EQ(classify(copy_of(response), kNow).verdict, Verdict::refused) << status;
    response.headers = {{"location", "/x"}};
    EXPECT_EQ(classify(copy_of(response), kNow).verdict, Verdict::redirect) << status;
  }
}

TEST(Classify, TakesAPartThatIsTheWhole) {
  Response response = with_status(206);
  response.headers = {{"content-range", "bytes 0-4/5"}};
  response.bytes_received = 5;
  EXPECT_EQ(classify(copy_of(response), kNow).verdict, Verdict::success);
  response.bytes_received = 4;
  EXPECT_EQ(classify(copy_of(response), kNow).verdict, Verdict::try_again);
}

TEST(Classify, TellsOurReasonsFromTheServers) {
  for (const auto error : {TransferError::address_refused, TransferError::too_large})
    EXPECT_TRUE(classify(TransferFailure{error, "", 0, 0}, kNow).ours) << name_of(error);
  EXPECT_FALSE(classify(TransferFailure{TransferError::reset, "", 0, 0}, kNow).ours);
  EXPECT_FALSE(classify(with_status(403), kNow).ours);
}

TEST(Classify, ReadsRetryAfterWhereItMeansSomething) {
  for (const int status : {429, 503, 500}) {
    Response response = with_status(status);
    response.headers = {{"retry-after", "3"}};
    EXPECT_EQ(classify(copy_of(response), kNow).retry_after, seconds(3)) << status;
    response.headers = {{"retry-after", "soon"}};
    EXPECT_EQ(classify(copy_of(response), kNow).retry_after, std::nullopt) << status;
  }
  Response response = with_status(403);
  response.headers = {{"retry-after", "3"}};
  EXPECT_EQ(classify(copy_of(response), kNow).retry_after, std::nullopt);
}

TEST(Classify, TriesBrokenTransfersAgainAndRefusalsNot) {
  const std::pair<TransferError, Verdict> rows[] = {
      {TransferError::resolve, Verdict::try_again},
      {TransferError::connect, Verdict::try_again},
      {TransferError::tls, Verdict::try_again},
      {TransferError::timeout_connect, Verdict::try_again},
      {TransferError::timeout_stall, Verdict::try_again},
      {TransferError::timeout_total, Verdict::try_again},
      {TransferError::reset, Verdict::try_again},
      {TransferError::short_body, Verdict::try_again},
      {TransferError::not_processed, Verdict::try_again},
      {TransferError::too_large, Verdict::refused},
      {TransferError::address_refused, Verdict::refused},
      {TransferError::aborted, Verdict::refused},
      {TransferError::protocol, Verdict::try_again},
  };
  for (const auto& [error, verdict] : rows) {
    // With a status that had arrived: it is still the transfer that failed.
    const Classified classified = classify(TransferFailure{error, "detail", 200, 10}, kNow);
    EXPECT_EQ(classified.verdict, verdict) << name_of(error);
    EXPECT_EQ(classified.reason, name_of(error));
    EXPECT_FALSE(classified.whole_host);
  }
}

TEST(RetryDelay, GrowsToItsLimitAndThenGivesUp) {
  const RetryOptions options{.attempts_max = 9, .first_delay = Millis(1000), .delay_max = Millis(60'000)};
  const Millis steps[] = {Millis(1000),   Millis(2000),   Millis(4000),   Millis(8000),
                          Millis(16'000), Millis(32'000), Millis(60'000), Millis(60'000)};
  for (int attempt = 1; attempt <= 8; ++attempt) {
    const Millis step = steps[attempt - 1];
    EXPECT_EQ(retry_delay(options, attempt, std::nullopt, 0.0), step / 2) << attempt;
    EXPECT_EQ(retry_delay(options, attempt, std::nullopt, 0.5), step * 3 / 4) << attempt;
    EXPECT_LE(*retry_delay(options, attempt, std::nullopt, 0.999999), step) << attempt;
  }
  EXPECT_EQ(retry_delay(options, 9, std::nullopt, 0.0), std::nullopt);
  EXPECT_EQ(retry_delay(options, 9, seconds(1), 0.0), std::nullopt);
  EXPECT_EQ(retry_delay({.attempts_max = 1}, 1, std::nullopt, 0.0), std::nullopt);
}

TEST(RetryDelay, TakesRetryAfterAsAFloorWithJitterAbove) {
  const RetryOptions options;
  EXPECT_EQ(retry_delay(options, 1, seconds(3), 0.0), Millis(3000));
  EXPECT_EQ(retry_delay(options, 1, seconds(3), 0.5), Millis(3500));
  EXPECT_EQ(retry_delay(options, 1, seconds(0), 0.0), Millis(500));           // never at once
  EXPECT_EQ(retry_delay(options, 1, seconds(3600), 0.0), Millis(3'600'000));  // not capped
  EXPECT_EQ(retry_delay(options, 4, seconds(3), 0.999), Millis(3000 + 7992));
}

TEST(RetryDelay, SurvivesManyAttempts) {
  const RetryOptions options{.attempts_max = 1'000'000};
  EXPECT_EQ(retry_delay(options, 999'999, std::nullopt, 0.0), Millis(30'000));
}

}  // namespace
}  // namespace medimirror
