#include "http/curl_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <thread>

#include "base/sha256.h"
#include "support/http_server.h"

namespace medimirror {
namespace {

using testing::HasSubstr;
using Results = std::map<RequestId, std::variant<Response, TransferFailure>>;
using std::chrono::steady_clock;

constexpr auto kPatience = std::chrono::seconds(60);  // never reached when the code is right

Request get(std::string url) {
  Request request;
  request.url = std::move(url);
  request.allow_private_address = true;  // the test servers live on loopback
  return request;
}

class CurlTransportTest : public testing::Test {
 protected:
  void make(CurlTransportOptions options = {}) {
    if (options.user_agent.empty()) options.user_agent = "medimirror/test (tester@example.com)";
    transport_ = make_curl_transport(options);
  }
  void SetUp() override { make(); }

  Results run_all(std::size_t count) {
    Results results;
    const SteadyTime deadline = steady_clock::now() + kPatience;
    while (results.size() < count && steady_clock::now() < deadline)
      for (Completed& one : transport_->wait(deadline)) results.emplace(one.id, std::move(one.result));
    EXPECT_EQ(results.size(), count);
    return results;
  }
  std::variant<Response, TransferFailure> run(Request request) {
    const RequestId id = transport_->start(std::move(request));
    Results results = run_all(1);
    return std::move(results.at(id));
  }
  Response respond(Request request) {
    auto result = run(std::move(request));
    if (const auto* failure = std::get_if<TransferFailure>(&result))
      ADD_FAILURE() << name_of(failure->error) << ": " << failure->detail;
    return std::holds_alternative<Response>(result) ? std::get<Response>(std::move(result)) : Response{};
  }
  TransferFailure fail(Request request) {
    auto result = run(std::move(request));
    if (std::holds_alternative<Response>(result)) {
      ADD_FAILURE() << "answered with " << std::get<Response>(result).status;
      return {};
    }
    return std::get<TransferFailure>(std::move(result));
  }

  HttpServer server_;
  std::unique_ptr<Transport> transport_;
};

TEST_F(CurlTransportTest, FetchesABodyWithItsHeadersAndHash) {
  server_.on("/a",
             answer(200, "bytes", {"ETag: \"x\"", "X-Odd:  spaces  ", "Set-Cookie: a=1", "Set-Cookie: b=2"}));
  Request request = get(server_.url("/a"));
  request.hash_body = true;
  request.headers = {"If-None-Match: \"y\""};
  const Response response = respond(request);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.http_version, 11);
  EXPECT_EQ(response.body, "bytes");
  EXPECT_EQ(response.sha256, sha256("bytes"));
  EXPECT_EQ(response.bytes_received, 5u);
  EXPECT_TRUE(response.length_was_announced);
  EXPECT_EQ(response.header("etag"), "\"x\"");
  EXPECT_EQ(response.header("x-odd"), "spaces");
  EXPECT_EQ(response.header("set-cookie"), "a=1");
  const auto requests = server_.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].header("user-agent"), "medimirror/test (tester@example.com)");
  EXPECT_EQ(requests[0].header("if-none-match"), "\"y\"");
  EXPECT_EQ(requests[0].header("accept-encoding"), "identity");
  EXPECT_EQ(requests[0].header("authorization"), std::nullopt);
}

}  // namespace
}  // namespace medimirror
