#include "http/content_digest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sha256.h"

namespace medimirror {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

// Digests of "hello", by openssl and by the vectors of the Google and Amazon documentation.
constexpr const char* kMd5 = "XUFAKrxLKna5cZ2REBfFkg==";
constexpr const char* kSha1 = "qvTGHdzF6KLavt4PO0gs2a6pQ00=";
constexpr const char* kSha256 = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";
constexpr const char* kSha512 =
    "m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw==";
constexpr const char* kCrc32c = "mnG7TA==";
constexpr const char* kCrc32 = "NhCmhg==";

Response hello(Headers headers) {
  Response response;
  response.status = 200;
  response.body = std::string("hello");
  response.bytes_received = 5;
  response.headers = std::move(headers);
  return response;
}

struct Row {
  const char* name;
  Headers headers;
  int checked;
};

const Row kRight[] = {
    {"Content-MD5", {{"content-md5", kMd5}}, 1},
    {"Digest of RFC 3230",
     {{"digest", std::string("SHA-256=") + kSha256 + ", md5=" + kMd5 + ",SHA=" + kSha1}},
     3},
    {"Repr-Digest",
     {{"repr-digest", std::string("sha-256=:") + kSha256 + ":, sha-512=:" + kSha512 + ":"}},
     2},
    {"Content-Digest", {{"content-digest", std::string("sha-512=:") + kSha512 + ":"}}, 1},
    {"x-goog-hash twice",
     {{"x-goog-hash", std::string("crc32c=") + kCrc32c}, {"x-goog-hash", std::string("md5=") + kMd5}},
     2},
    {"x-goog-hash in one", {{"x-goog-hash", std::string("crc32c=") + kCrc32c + ",md5=" + kMd5}}, 2},
    {"x-amz-checksum",
     {{"x-amz-checksum-crc32", kCrc32},
      {"x-amz-checksum-crc32c", kCrc32c},
      {"x-amz-checksum-sha1", kSha1},
      {"x-amz-checksum-sha256", kSha256}},
     4},
    {"nothing", {{"content-type", "image/jpeg"}}, 0},
    {"unknown algorithms",
     {{"digest", "crc64=abc, unixsum=30637"}, {"x-amz-checksum-crc64nvme", "AAAAAAAAAAA="}},
     0},
    {"MD5 in hex digits", {{"content-md5", "5d41402abc4b2a76b9719d911017c592"}}, 0},
    {"checksum of checksums", {{"x-amz-checksum-sha256", std::string(kSha256) + "-3"}}, 0},
    {"nonsense",
     {{"content-md5", ""},
      {"digest", "=,;==,sha-256"},
      {"repr-digest", "sha-256=:"},
      {"x-goog-hash", ","},
      {"content-digest", "sha-256=::"}},
     0},
};

TEST(ContentDigest, AcceptsWhatIsRightAndSkipsWhatSaysNothing) {
  for (const Row& row : kRight) {
    const DigestCheck check = check_content_digest(hello(row.headers));
    EXPECT_EQ(check.checked, row.checked) << row.name;
    EXPECT_EQ(check.mismatch, std::nullopt) << row.name;
  }
}

TEST(ContentDigest, NoticesAFlippedBitByEachKind) {
  for (const Row& row : kRight) {
    Response response = hello(row.headers);
    response.body = std::string("hellp");
    const DigestCheck check = check_content_digest(response);
    EXPECT_EQ(check.checked, row.checked) << row.name;
    EXPECT_EQ(check.mismatch.has_value(), row.checked > 0) << row.name;
  }
  Response response = hello({{"content-md5", kMd5}});
  response.body = std::string("hellp");
  EXPECT_THAT(*check_content_digest(response).mismatch,
              testing::HasSubstr("Content-MD5 says XUFAKrxLKna5cZ2REBfFkg=="));
}

TEST(ContentDigest, UsesTheHashMadeOnTheWay) {
  Response response = hello({{"repr-digest", std::string("sha-256=:") + kSha256 + ":"}});
  response.sha256 = sha256("something else");
  EXPECT_TRUE(check_content_digest(response).mismatch);
}

TEST(ContentDigest, DoesNotJudgeWhatTheDigestIsNotOf) {
  Response other = hello({{"content-md5", kMd5}});
  other.body = std::string("other");
  other.status = 404;
  EXPECT_EQ(check_content_digest(other).checked, 0);
  other = hello({{"content-md5", kMd5}, {"content-encoding", "gzip"}});
  EXPECT_EQ(check_content_digest(other).checked, 0);
  other = hello({{"x-goog-hash", std::string("md5=") + kMd5}, {"x-goog-stored-content-encoding", "gzip"}});
  EXPECT_EQ(check_content_digest(other).checked, 0);
  other = hello({{"content-md5", kMd5}});
  other.body = Body();  // handed over piece by piece
  EXPECT_EQ(check_content_digest(other).checked, 0);
  other = hello({{"content-md5", kMd5},
                 {"content-encoding", "identity"},
                 {"x-goog-stored-content-encoding", "identity"}});
  EXPECT_EQ(check_content_digest(other).checked, 1);
}

TEST(ContentDigest, NoticesAnEmptyBody) {
  Response empty = hello({{"content-md5", kMd5}});
  empty.body = Body();
  empty.bytes_received = 0;
  EXPECT_TRUE(check_content_digest(empty).mismatch);
}

}  // namespace
}  // namespace medimirror
