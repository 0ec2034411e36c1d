#include "http/response.h"

#include <gtest/gtest.h>

#include "support/http_date.h"

namespace medimirror {
namespace {

using std::chrono::seconds;

const WallTime kNow{seconds(784'111'700)};  // 77 s before the date of RFC 9110's examples

struct RetryAfter {
  const char* value;
  std::optional<seconds> expected;
};

TEST(RetryAfter, IsSecondsOrADateAndNeverNonsense) {
  const RetryAfter rows[] = {
      {"3", seconds(3)},
      {" 120 ", seconds(120)},
      {"0", seconds(0)},
      {"86400", seconds(86'400)},
      {"86401", seconds(86'400)},
      {"99999999999999999999999", seconds(86'400)},
      {"Sun, 06 Nov 1994 08:49:37 GMT", seconds(77)},
      {"Sun, 06 Nov 1994 08:48:00 GMT", seconds(0)},
      {"Fri, 06 Nov 2094 08:49:37 GMT", seconds(86'400)},
      {"", std::nullopt},
      {"-3", std::nullopt},
      {"1.5", std::nullopt},
      {"3 s", std::nullopt},
      {"soon", std::nullopt},
  };
  for (const RetryAfter& row : rows) EXPECT_EQ(parse_retry_after(row.value, kNow), row.expected) << row.value;
}

struct Date {
  const char* text;
  std::optional<UnixSeconds> expected;
};

TEST(HttpDate, TakesTheThreeFormsAndNothingElse) {
  const Date rows[] = {
      {"Sun, 06 Nov 1994 08:49:37 GMT", 784'111'777},
      {"Sunday, 06-Nov-94 08:49:37 GMT", 784'111'777},
      {"Sun Nov  6 08:49:37 1994", 784'111'777},
      {"Sun Nov 16 08:49:37 1994", 784'975'777},
      {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
      {"Thu, 29 Feb 2024 23:59:59 GMT", 1'709'251'199},
      {"Saturday, 21-Nov-26 00:00:00 GMT", 1'795'219'200},
      {"Thu, 29 Feb 2023 00:00:00 GMT", std::nullopt},
      {"Sun, 06 Nov 1994 24:00:00 GMT", std::nullopt},
      {"Sun, 06 Nov 1994 08:60:00 GMT", std::nullopt},
      {"Sun, 06 Nov 1994 08:49:37", std::nullopt},
      {"Sun, 06 Nov 1994 08:49:37 CET", std::nullopt},
      {"Sun, 6 Nov 1994 08:49:37 GMT", std::nullopt},
      {"Sun, 06 Foo 1994 08:49:37 GMT", std::nullopt},
      {"1994-11-06T08:49:37Z", std::nullopt},
      {"", std::nullopt},
      {"Sun", std::nullopt},
  };
  for (const Date& row : rows) EXPECT_EQ(parse_http_date(row.text), row.expected) << row.text;
}

TEST(HttpDate, ReadsWhatServersWrite) {
  EXPECT_EQ(format_http_date(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
  for (const UnixSeconds time : {UnixSeconds{0}, UnixSeconds{951'782'400}, UnixSeconds{1'780'000'000}})
    EXPECT_EQ(parse_http_date(format_http_date(time)), time);
}

TEST(Validators, AreTakenAsSentUnlessTheyCouldBreakARequest) {
  Response response;
  EXPECT_TRUE(validators_of(response).empty());
  response.headers = {{"etag", "W/\"a b\""}, {"last-modified", "whenever"}, {"etag", "\"second\""}};
  EXPECT_EQ(validators_of(response), (Validators{"W/\"a b\"", "whenever"}));
  response.headers = {{"etag", "\"a\r\nX: y\""}, {"last-modified", std::string(2000, 'x')}};
  EXPECT_TRUE(validators_of(response).empty());
}

TEST(Validators, WhatIsNoEntityTagIsNeitherKeptNorSent) {
  for (const char* tag : {"*", "abc", "\"", "", "W/", "W/*", "w/\"a\"", "\"a\", \"b\"", "\"a\"b"}) {
    Response response;
    response.headers = {{"etag", tag}};
    EXPECT_EQ(validators_of(response).etag, "") << tag;
    EXPECT_TRUE(conditional_headers({tag, ""}).empty()) << tag;
  }
  for (const char* tag : {"\"\"", "\"a\"", "W/\"a\"", "\"*\"", "\"\xc3\xa9\""}) {
    Response response;
    response.headers = {{"etag", tag}};
    EXPECT_EQ(validators_of(response).etag, tag);
    EXPECT_EQ(conditional_headers({tag, ""}),
              (std::vector<std::string>{std::string("If-None-Match: ") + tag}));
  }
}

TEST(ContentRange, IsWholeOnlyWhenItSaysSoAndTheBodyIsAsLong) {
  const std::tuple<const char*, std::uint64_t, bool> rows[] = {
      {"bytes 0-99/100", 100, true},
      {"bytes 0-99/100", 99, false},
      {"bytes 1-99/100", 99, false},
      {"bytes 0-98/100", 99, false},
      {"bytes 0-99/*", 100, false},
      {"bytes */100", 100, false},
      {"0-99/100", 100, false},
      {"", 0, false},
      {"bytes 0-18446744073709551615/0", 0, false},
  };
  for (const auto& [value, received, whole] : rows) {
    Response response;
    response.status = 206;
    response.headers = {{"content-range", value}};
    response.bytes_received = received;
    EXPECT_EQ(is_whole(response), whole) << value;
  }
}

}  // namespace
}  // namespace medimirror
