#include "base/units.h"

#include <gtest/gtest.h>

namespace medimirror {
namespace {

TEST(UnitsTest, Bytes) {
  EXPECT_EQ(parse_bytes("300"), 300u);
  EXPECT_EQ(parse_bytes(" 64K "), 65'536u);
  EXPECT_EQ(parse_bytes("10MiB"), 10u << 20);
  EXPECT_EQ(parse_bytes("2 GB"), 2'000'000'000u);
  EXPECT_EQ(parse_bytes("1.5KB"), 1'500u);
  EXPECT_EQ(parse_bytes("0"), 0u);
  for (const char* nonsense : {"", "x", "-1", "1X", "1 MiBB", "1e400", "nan", "inf", "99999999999T"})
    EXPECT_FALSE(parse_bytes(nonsense)) << nonsense;
  EXPECT_EQ(format_bytes(999), "999 B");
  EXPECT_EQ(format_bytes(45'200), "45.2 KB");
  EXPECT_EQ(format_bytes(999'960), "1.0 MB") << "never 1000.0 KB";
}

TEST(UnitsTest, Durations) {
  EXPECT_EQ(parse_duration("90")->count(), 90);
  EXPECT_EQ(parse_duration("5m")->count(), 300);
  EXPECT_EQ(parse_duration("2 h")->count(), 7'200);
  EXPECT_EQ(parse_duration("14d")->count(), 14 * 86'400);
  for (const char* nonsense : {"", "h", "1w", "-5m", "1e99d"})
    EXPECT_FALSE(parse_duration(nonsense)) << nonsense;
  EXPECT_EQ(format_duration(Millis(400)), "0.4 s");
  EXPECT_EQ(format_duration(std::chrono::seconds(192)), "3 min 12 s");
  EXPECT_EQ(format_duration(std::chrono::minutes(125)), "2 h 05 min");
  EXPECT_EQ(format_duration(std::chrono::hours(14 * 24)), "14 days");
}

TEST(UnitsTest, CountsAndShares) {
  EXPECT_EQ(parse_count_or_share("250"), (CountOrShare{250, false}));
  EXPECT_EQ(parse_count_or_share("10%"), (CountOrShare{10, true}));
  EXPECT_EQ(parse_count_or_share("2.5 %"), (CountOrShare{2.5, true}));
  for (const char* nonsense : {"", "%", "101%", "-1", "2.5", "ten"})
    EXPECT_FALSE(parse_count_or_share(nonsense)) << nonsense;
  EXPECT_EQ(CountOrShare(10, true).of(5'000), 500u);
  EXPECT_EQ(CountOrShare(10, true).of(8), 1u) << "rounded up: a small tree can change";
  EXPECT_EQ(CountOrShare(0, true).of(5'000), 0u);
  EXPECT_EQ(CountOrShare(7, false).of(5), 7u);
}

TEST(UnitsTest, Dates) {
  EXPECT_EQ(format_utc(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_utc(1'785'941'124), "2026-08-05T14:45:24Z");
  EXPECT_EQ(parse_utc("2026-08-05T14:45:24Z"), 1'785'941'124);
  EXPECT_EQ(parse_utc("1785941124"), 1'785'941'124);
  EXPECT_EQ(parse_utc("2024-02-29"), 1'709'164'800);
  for (const char* nonsense : {"", "2023-02-29", "2026-13-01", "2026-1-1", "2026-08-05T25:00:00Z",
                               "2026-08-05 14:45", "99999999999999999999", "abcd-ef-gh"})
    EXPECT_FALSE(parse_utc(nonsense)) << nonsense;
}

TEST(UnitsTest, Counts) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(12'345), "12 345");
  EXPECT_EQ(format_count(1'234'567), "1 234 567");
}

}  // namespace
}  // namespace medimirror
