#include "http/rate_limiter.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <random>

#include "base/file.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

using std::chrono::seconds;

const WallTime kStart{seconds(1'780'000'000)};

TEST(NextAllowed, CountsWhatLiesInTheWindow) {
  EXPECT_EQ(next_allowed({}, 2, kStart), std::nullopt);
  EXPECT_EQ(next_allowed({kStart}, 2, kStart), std::nullopt);
  EXPECT_EQ(next_allowed({kStart, kStart - seconds(10)}, 2, kStart), kStart - seconds(10) + kRateWindow);
  EXPECT_EQ(next_allowed({kStart, kStart - kRateWindow}, 2, kStart), std::nullopt);
  EXPECT_EQ(next_allowed({kStart, kStart - kRateWindow + Millis(1)}, 2, kStart), kStart + Millis(1));
}

TEST(NextAllowed, WaitsForAsManyToLeaveAsAreTooMany) {
  // Four in the window, a limit of two: three must have left before the next goes.
  const std::vector<WallTime> window{kStart - seconds(1), kStart - seconds(4), kStart - seconds(2),
                                     kStart - seconds(3)};
  EXPECT_EQ(next_allowed(window, 2, kStart), kStart - seconds(2) + kRateWindow);
}

TEST(NextAllowed, TakesTheFutureForNow) {
  EXPECT_EQ(next_allowed({kStart + std::chrono::hours(24)}, 1, kStart), kStart + kRateWindow);
}

TEST(RateLimiter, NeverLetsMoreThanTheLimitIntoAnyMinute) {
  RateLimiter limiter({.per_minute = 45, .ledger = {}});
  std::mt19937 random(7);
  std::vector<WallTime> taken;
  WallTime now = kStart;
  while (taken.size() < 1000) {
    const auto later = limiter.try_take(now);
    if (!later) {
      taken.push_back(now);
      now += Millis(random() % 400);
    } else {
      ASSERT_GT(*later, now);
      now = *later;
    }
  }
  for (std::size_t i = 45; i < taken.size(); ++i) EXPECT_GE(taken[i] - taken[i - 45], kRateWindow);
  // And it does let so many: a thousand in 22 windows and a bit.
  EXPECT_LT(taken.back() - taken.front(), 23 * kRateWindow);
}

TEST(RateLimiter, CountsFromTheAnswerWhenToldOfIt) {
  RateLimiter limiter({.per_minute = 1, .ledger = {}});
  EXPECT_EQ(limiter.try_take(kStart), std::nullopt);
  limiter.answered(kStart, kStart + seconds(5));
  EXPECT_EQ(limiter.try_take(kStart + seconds(6)), kStart + seconds(5) + kRateWindow);
}

class LedgerTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  std::filesystem::path ledger_ = folder_ / "state" / "requests";
  RateLimiter limiter(std::size_t per_minute) {
    return RateLimiter({.per_minute = per_minute, .ledger = ledger_});
  }
};

TEST_F(LedgerTest, HoldsAcrossRestarts) {
  EXPECT_EQ(limiter(2).try_take(kStart), std::nullopt);
  EXPECT_EQ(limiter(2).try_take(kStart + seconds(1)), std::nullopt);
  EXPECT_EQ(limiter(2).try_take(kStart + seconds(2)), kStart + kRateWindow);
  EXPECT_EQ(limiter(2).try_take(kStart + kRateWindow), std::nullopt);
  EXPECT_EQ(read_file(ledger_), "1780000001000\n1780000061000\n");
}

TEST_F(LedgerTest, IsSharedByTwoWhoAskInTurn) {
  RateLimiter one = limiter(3), other = limiter(3);
  EXPECT_EQ(one.try_take(kStart), std::nullopt);
  EXPECT_EQ(other.try_take(kStart), std::nullopt);
  EXPECT_EQ(one.try_take(kStart), std::nullopt);
  EXPECT_TRUE(other.try_take(kStart));
  EXPECT_TRUE(one.try_take(kStart));
}

TEST_F(LedgerTest, KeepsAPauseForAll) {
  limiter(45).pause_until(kStart + seconds(100));
  RateLimiter later = limiter(45);
  EXPECT_EQ(later.try_take(kStart), kStart + seconds(100));
  later.pause_until(kStart + seconds(50));  // shortens nothing
  EXPECT_EQ(later.try_take(kStart), kStart + seconds(100));
  EXPECT_EQ(later.try_take(kStart + seconds(100)), std::nullopt);
  EXPECT_EQ(read_file(ledger_), "1780000100000\n");
}

TEST_F(LedgerTest, TakesTheFutureForNowOnlyOnce) {
  // The clock was a year ahead and was set right.
  EXPECT_EQ(limiter(1).try_take(kStart + std::chrono::hours(8760)), std::nullopt);
  EXPECT_EQ(limiter(1).try_take(kStart), kStart + kRateWindow);
  EXPECT_EQ(limiter(1).try_take(kStart + seconds(30)), kStart + kRateWindow);
  EXPECT_EQ(limiter(1).try_take(kStart + kRateWindow), std::nullopt);
}

TEST_F(LedgerTest, LetsNoPauseLastForEver) {
  limiter(1).pause_until(kStart + std::chrono::hours(8760));
  EXPECT_EQ(limiter(1).try_take(kStart), kStart + std::chrono::hours(24));
  EXPECT_EQ(limiter(1).try_take(kStart + std::chrono::hours(1)), kStart + std::chrono::hours(24));
}

TEST_F(LedgerTest, BeginsAnewWhenDamagedButKeepsWhatItKnows) {
  const std::string damages[] = {"garbage\n", "1780000000000", std::string("\0\0\0\0", 4),
                                 "-5\n",      "1\n\n2\n",      "pause x\n"};
  for (const std::string& damage : damages) {
    std::filesystem::remove(ledger_);
    RateLimiter knowing = limiter(2);
    EXPECT_EQ(knowing.try_take(kStart), std::nullopt);
    std::ofstream(ledger_, std::ios::trunc | std::ios::binary) << damage;
    EXPECT_EQ(knowing.try_take(kStart), std::nullopt) << damage;
    EXPECT_TRUE(knowing.try_take(kStart)) << damage;
    EXPECT_EQ(read_file(ledger_), "1780000000000\n1780000000000\n");
    std::ofstream(ledger_, std::ios::trunc | std::ios::binary) << damage;
    EXPECT_EQ(limiter(1).try_take(kStart), std::nullopt) << damage;
  }
}

TEST_F(LedgerTest, LimitsThisProcessWhereNoLedgerCanBe) {
  std::ofstream(folder_ / "file") << "in the way";
  RateLimiter limiter({.per_minute = 1, .ledger = folder_ / "file" / "requests"});
  EXPECT_EQ(limiter.try_take(kStart), std::nullopt);
  EXPECT_EQ(limiter.try_take(kStart), kStart + kRateWindow);
  limiter.pause_until(kStart + seconds(200));
  EXPECT_EQ(limiter.try_take(kStart + seconds(100)), kStart + seconds(200));
}

TEST_F(LedgerTest, AsksAgainWhileAnotherHoldsItAndGoesItsOwnWayInTheEnd) {
  RateLimiter mine = limiter(1);
  EXPECT_EQ(mine.try_take(kStart), std::nullopt);
  const UniqueFd held = open_file(ledger_, O_RDWR);
  ASSERT_EQ(::flock(held.get(), LOCK_EX), 0);
  const WallTime later = kStart + std::chrono::hours(1);
  EXPECT_EQ(mine.try_take(later), later + Millis(20));
  EXPECT_EQ(mine.try_take(later + seconds(4)), later + seconds(4) + Millis(20));
  EXPECT_EQ(mine.try_take(later + seconds(5)), std::nullopt);
  EXPECT_TRUE(mine.try_take(later + seconds(5)));
}

}  // namespace
}  // namespace medimirror
