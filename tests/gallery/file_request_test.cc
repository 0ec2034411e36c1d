#include "gallery/file_request.h"

#include <gtest/gtest.h>

namespace medimirror {
namespace {

FileRequest request(const std::string& head) {
  const auto read = read_file_request(head);
  EXPECT_TRUE(std::holds_alternative<FileRequest>(read)) << head;
  return std::holds_alternative<FileRequest>(read) ? std::get<FileRequest>(read) : FileRequest();
}

int refused(const std::string& head) {
  const auto read = read_file_request(head);
  return std::holds_alternative<Refusal>(read) ? std::get<Refusal>(read).status : 0;
}

std::string range(const std::string& lines, const std::string& method = "GET") {
  const auto range = request(method + " / HTTP/1.1\r\n" + lines).range;
  if (!range) return "whole";
  const auto text = [](const auto& number) { return number ? std::to_string(*number) : std::string(); };
  return text(range->first) + "-" + text(range->last);
}

TEST(FileRequest, IsReadWithItsHostAndItsPathDecoded) {
  const FileRequest read =
      request("GET /a%20b/%C3%A9?x=%zz HTTP/1.1\r\nhOST:  localhost:1 \r\nHostess: x\r\n");
  EXPECT_FALSE(read.head_only);
  EXPECT_EQ(read.path, "/a b/\xC3\xA9");
  EXPECT_EQ(read.host, "localhost:1");
  EXPECT_TRUE(request("HEAD / HTTP/1.0\r\n").head_only);
}

TEST(FileRequest, WhatIsNoneIsRefused) {
  for (const char* head : {"", "\r\n", "GET\r\n", "GET /\r\n", "GET / HTTP/2.0\r\n", "GET a HTTP/1.1\r\n",
                           "GET http://127.0.0.1/ HTTP/1.1\r\n", "GET /%0a HTTP/1.1\r\n",
                           "GET /%00 HTTP/1.1\r\n", "GET /%4 HTTP/1.1\r\n", "GET /%-1 HTTP/1.1\r\n",
                           "GET /%g0 HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n"})
    EXPECT_EQ(refused(head), 400) << head;
  EXPECT_EQ(refused("POST / HTTP/1.1\r\n"), 405);
  EXPECT_EQ(refused("get / HTTP/1.1\r\n"), 405);
}

TEST(FileRequest, OneRangeCountsAndNoOther) {
  EXPECT_EQ(range("Range: bytes=1-2\r\n"), "1-2");
  EXPECT_EQ(range("Range: bytes=1-\r\n"), "1-");
  EXPECT_EQ(range("Range: bytes=-7\r\n"), "-7");
  for (const char* value :
       {"bytes=1-2,3-4", "bytes=1-2,", "bytes=,1-2", "bytes=-", "bytes=", "bytes=1", "bytes=2-1", "bytes=a-",
        "bytes=1-b", "bytes=--1", "bytes=+1-2", "lines=1-2", "1-2", "bytes=99999999999999999999-"})
    EXPECT_EQ(range(std::string("Range: ") + value + "\r\n"), "whole") << value;
  EXPECT_EQ(range("Range: bytes=1-2\r\nRange: bytes=3-4\r\n"), "whole");
  EXPECT_EQ(range("Range: bytes=1-2\r\nIf-Range: \"x\"\r\n"), "whole");
  EXPECT_EQ(range("Range: bytes=1-2\r\n", "HEAD"), "whole");
}

}  // namespace
}  // namespace medimirror
