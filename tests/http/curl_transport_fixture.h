// What the tests of curl_transport share: a server on loopback, a transport, and ways to run requests to their end.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "http/curl_transport.h"
#include "support/http_server.h"

namespace medimirror {

using testing::HasSubstr;
using Results = std::map<RequestId, std::variant<Response, TransferFailure>>;
using std::chrono::steady_clock;

inline constexpr auto kPatience = std::chrono::seconds(60);  // never reached when the code is right

inline Url at(std::string_view url) {
  return parse_url(url).value_or(Url{});
}

inline Request get(std::string_view url) {
  Request request;
  request.url = at(url);
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

}  // namespace medimirror
