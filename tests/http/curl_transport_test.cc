#include "http/curl_transport.h"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <thread>
#include <tuple>

#include "base/sha256.h"
#include "http/curl_transport_fixture.h"
#include "http/url.h"
#include "support/scoped_environment.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

TEST_F(CurlTransportTest, FetchesABodyWithItsHeadersAndHash) {
  server_.on("/a",
             answer(200, "bytes", {"ETag: \"x\"", "X-Odd:  spaces  ", "Set-Cookie: a=1", "Set-Cookie: b=2"}));
  Request request = get(server_.url("/a"));
  request.hash_body = true;
  request.headers = {"If-None-Match: \"y\""};
  const Response response = respond(request);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.http_version, 11);
  EXPECT_EQ(response.body.view(), "bytes");
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

// ---------------------------------------------------------------- requests

TEST_F(CurlTransportTest, PostsABodyOfAnySize) {
  server_.on("/post", answer(200, "ok"));
  for (const std::size_t size : {std::size_t{0}, std::size_t{2}, std::size_t{3'000'000}}) {
    Request request = get(server_.url("/post"));
    request.method = Request::Method::post;
    request.headers = {"Content-Type: application/json"};
    request.body = std::string(size, 'x');
    EXPECT_EQ(respond(std::move(request)).status, 200);
    const HttpServer::Request seen = server_.requests().back();
    EXPECT_EQ(seen.method, "POST");
    EXPECT_EQ(seen.body.size(), size);
    EXPECT_EQ(seen.header("content-type"), "application/json");
    EXPECT_EQ(seen.header("expect"), std::nullopt);
  }
  EXPECT_EQ(respond(get(server_.url("/post"))).status, 200);
  EXPECT_EQ(server_.requests().back().method, "GET");
}

TEST_F(CurlTransportTest, SendsAPasswordWithItsRequestAndNoOther) {
  server_.on("/a", answer(200, "ok"));
  Request request = get(server_.url("/a"));
  request.auth = BasicAuth{"42", Secret("s3cret")};
  respond(std::move(request));
  respond(get(server_.url("/a")));
  const auto requests = server_.requests();
  EXPECT_EQ(requests[0].header("authorization"), "Basic NDI6czNjcmV0");
  EXPECT_EQ(requests[1].header("authorization"), std::nullopt);
  EXPECT_EQ(requests[1].connection, 1u);  // the same connection, and still none
}

TEST_F(CurlTransportTest, SendsNoPasswordInTheClearPastThisMachine) {
  for (const char* url : {"http://example.invalid/x", "http://2130706433/x", "http://0x7f.1/x"}) {
    Request request = get(url);
    request.auth = BasicAuth{"42", Secret("s3cret")};
    const TransferFailure failure = fail(std::move(request));
    EXPECT_EQ(failure.error, TransferError::address_refused) << url;
    EXPECT_THAT(failure.detail, testing::Not(HasSubstr("s3cret")));
  }
}

TEST_F(CurlTransportTest, KeepsUserNamesOfUrlsToItself) {
  server_.on("/a", answer(200, "ok"));
  respond(get("http://user:password@127.0.0.1:" + std::to_string(server_.port()) + "/a"));
  EXPECT_EQ(server_.requests()[0].header("authorization"), std::nullopt);
}

TEST_F(CurlTransportTest, ReportsARedirectAndDoesNotFollowIt) {
  server_.on("/from", answer(302, "", {"Location: /to"}));
  server_.on("/to", answer(200, "arrived"));
  const Response response = respond(get(server_.url("/from")));
  EXPECT_EQ(response.status, 302);
  EXPECT_EQ(response.header("location"), "/to");
  EXPECT_EQ(server_.requests().size(), 1u);
}

TEST_F(CurlTransportTest, ReportsThrottlingAsAnAnswer) {
  server_.on("/429", answer(429, "slow down", {"Retry-After: 3"}));
  server_.on("/503", answer(503, "", {"Retry-After: 3"}));
  for (const int status : {429, 503}) {
    const Response response = respond(get(server_.url("/" + std::to_string(status))));
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.header("retry-after"), "3");
  }
}

TEST_F(CurlTransportTest, TakesOnlyHttpAddresses) {
  for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/x", "/relative", "", "http://a b/"})
    EXPECT_EQ(fail(get(url)).error, TransferError::protocol) << url;
}

TEST_F(CurlTransportTest, SkipsInterimAnswersAndTrailers) {
  server_.on("/a", {send("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"
                         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n"
                         "3\r\nabc\r\n0\r\nX-Late: 1\r\n\r\n")});
  const Response response = respond(get(server_.url("/a")));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body.view(), "abc");
  EXPECT_EQ(response.header("link"), std::nullopt);
  EXPECT_EQ(response.header("x-late"), std::nullopt);
}

TEST_F(CurlTransportTest, TrailersHaveALimitAsHeadersHave) {
  std::string trailers;
  for (int i = 0; i < 20'000; ++i) trailers += "X-Late: " + std::string(50, 'x') + "\r\n";
  server_.on("/a", {send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n" + trailers),
                    stall()});
  for (const bool in_pieces : {true, false}) {
    Request request = get(server_.url("/a"));
    if (in_pieces) request.on_body = [](std::string_view) { return true; };
    EXPECT_THAT(fail(std::move(request)).detail, HasSubstr("no end"));
  }
}

// libcurl would send it again by itself on a new connection, and nobody would have counted it.
TEST_F(CurlTransportTest, APostIsSentOnceThoughAKeptConnectionDies) {
  server_.on("/kept", answer(200, "abc"));
  server_.on("/post", {close_connection()});
  respond(get(server_.url("/kept")));
  for (int i = 0; i < 3; ++i) {
    Request request = get(server_.url("/post"));
    request.method = Request::Method::post;
    request.body = "{}";
    EXPECT_EQ(fail(std::move(request)).error, TransferError::reset);
  }
  respond(get(server_.url("/kept")));
  EXPECT_EQ(server_.requests().size(), 5u);
}

TEST_F(CurlTransportTest, TellsWhetherACutWouldHaveBeenNoticed) {
  server_.on("/close", {send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nperhaps all"), close_connection()});
  server_.on("/chunked",
             {send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")});
  server_.on("/304", answer(304, ""));
  server_.on("/empty", answer(200, ""));
  const Response open = respond(get(server_.url("/close")));
  EXPECT_EQ(open.body.view(), "perhaps all");
  EXPECT_FALSE(open.length_was_announced);
  for (const char* path : {"/chunked", "/304", "/empty"})
    EXPECT_TRUE(respond(get(server_.url(path))).length_was_announced) << path;
}

// ---------------------------------------------------------------- sizes, pieces, calling off

TEST_F(CurlTransportTest, RefusesABodyThatIsTooLarge) {
  server_.on("/announced", answer(200, std::string(2000, 'x')));
  server_.on("/chunked", {send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" +
                               std::string(2000, 'x') + "\r\n0\r\n\r\n")});
  for (const char* path : {"/announced", "/chunked"}) {
    Request request = get(server_.url(path));
    request.body_bytes_max = 1999;
    EXPECT_EQ(fail(std::move(request)).error, TransferError::too_large) << path;
    request = get(server_.url(path));
    request.body_bytes_max = 2000;
    EXPECT_EQ(respond(std::move(request)).body.size(), 2000u) << path;
  }
}

TEST_F(CurlTransportTest, DoesNotBelieveAnAbsurdLength) {
  server_.on("/a",
             {send("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999\r\n\r\nx"), close_connection()});
  EXPECT_EQ(fail(get(server_.url("/a"))).error, TransferError::too_large);
}

TEST_F(CurlTransportTest, HandsPiecesOverAsTheyArriveButOnlyOfA200) {
  server_.on("/stream", {send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n"),
                         send("4\r\ntwo\n\r\n0\r\n\r\n", Millis(20))});
  server_.on("/error", answer(422, "violations"));
  std::string seen;
  Request request = get(server_.url("/stream"));
  request.body_bytes_max = 2;  // does not count here
  request.on_body = [&](std::string_view bytes) {
    seen += bytes;
    return true;
  };
  Request error = request;
  error.url = at(server_.url("/error"));
  error.body_bytes_max = 100;
  const Response response = respond(std::move(request));
  EXPECT_EQ(seen, "one\ntwo\n");
  EXPECT_TRUE(response.body.empty());
  EXPECT_EQ(response.bytes_received, 8u);
  EXPECT_EQ(respond(std::move(error)).body.view(), "violations");
  EXPECT_EQ(seen, "one\ntwo\n");
}

// Else a fast listing would pile up in memory until the deadline.
TEST_F(CurlTransportTest, ReturnsWhenAPieceWasHandedOver) {
  server_.on("/a", {send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"), stall()});
  std::string seen;
  Request request = get(server_.url("/a"));
  request.on_body = [&](std::string_view bytes) {
    seen += bytes;
    return true;
  };
  const RequestId id = transport_->start(std::move(request));
  const auto deadline = steady_clock::now() + std::chrono::minutes(1);
  EXPECT_TRUE(transport_->wait(deadline).empty());
  EXPECT_LT(steady_clock::now(), deadline);
  EXPECT_EQ(seen, "half");
  transport_->abort(id);
}

TEST_F(CurlTransportTest, HoldsBackWhatItsReaderHasNoRoomForAndTheServerWithIt) {
  const std::string body(3'000'000, 'x');
  server_.on("/a", answer(200, body));
  std::size_t seen = 0, taken = 0;
  Request request = get(server_.url("/a"));
  request.may_hand_over = [&] { return seen - taken < 100'000; };
  request.on_body = [&](std::string_view bytes) {
    EXPECT_LT(seen - taken, 100'000u);
    seen += bytes.size();
    return true;
  };
  transport_->start(std::move(request));
  std::vector<Completed> ended;
  const auto deadline = steady_clock::now() + kPatience;
  while (ended.empty() && steady_clock::now() < deadline) {
    ended = transport_->wait(deadline);
    taken = seen;
  }
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<Response>(ended[0].result));
  EXPECT_EQ(seen, body.size());
}

TEST_F(CurlTransportTest, ATransferThatIsHeldBackCanBeCalledOffAndItsHandleUsedAgain) {
  server_.on("/a", answer(200, std::string(500'000, 'x')));
  server_.on("/b", answer(200, "after it"));
  std::size_t seen = 0;
  Request request = get(server_.url("/a"));
  request.may_hand_over = [&] { return seen == 0; };
  request.on_body = [&](std::string_view bytes) {
    seen += bytes.size();
    return true;
  };
  const RequestId id = transport_->start(std::move(request));
  while (seen == 0) transport_->wait(steady_clock::now() + kPatience);
  transport_->wait(steady_clock::now() + Millis(50));
  const std::size_t before = seen;
  transport_->abort(id);
  run_all(1);
  EXPECT_EQ(seen, before);
  EXPECT_EQ(respond(get(server_.url("/b"))).body.view(), "after it");
}

TEST_F(CurlTransportTest, HeadersEndAtSomeNumberOfLines) {
  for (const int lines : {900, 1100}) {
    std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n";
    for (int i = 0; i < lines; ++i) head += "a:\r\n";
    const std::string path = fmt::format("/{}", lines);
    server_.on(path, {send(head + "\r\nok")});
    const auto result = run(get(server_.url(path)));
    EXPECT_EQ(std::holds_alternative<Response>(result), lines < 1000) << lines;
    if (const auto* failure = std::get_if<TransferFailure>(&result)) {
      EXPECT_THAT(failure->detail, HasSubstr("headers have no end"));
    }
  }
}

TEST_F(CurlTransportTest, InterimAnswersAreNoProgress) {
  ServerAnswer steps;
  for (int i = 0; i < 40; ++i) steps.push_back(send("HTTP/1.1 103 Early\r\n\r\n", Millis(50)));
  server_.on("/a", steps);
  Request request = get(server_.url("/a"));
  request.limits.stall_ms_max = Millis(400);
  EXPECT_EQ(fail(std::move(request)).error, TransferError::timeout_stall);
}

TEST_F(CurlTransportTest, ALargeBodyIsHashedInItsFile) {
  const TemporaryFolder folder;
  const std::string body(6'000'000, 'y');
  server_.on("/a", answer(200, body));
  Request request = get(server_.url("/a"));
  request.room = std::make_shared<Room>(RoomSize{1, 64 << 20}, folder.path());
  request.hash_body = true;
  const Response response = respond(std::move(request));
  EXPECT_TRUE(response.body.in_file());
  EXPECT_EQ(response.sha256, sha256(body));
  EXPECT_TRUE(response.body.view() == body);
}

TEST_F(CurlTransportTest, StopsWhenTheReaderSaysSo) {
  server_.on("/a", {send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"), stall()});
  Request request = get(server_.url("/a"));
  request.on_body = [](std::string_view) { return false; };
  EXPECT_EQ(fail(std::move(request)).error, TransferError::aborted);
}

TEST_F(CurlTransportTest, PassesOnWhatTheReaderThrows) {
  server_.on("/a", answer(200, "bytes"));
  Request request = get(server_.url("/a"));
  request.on_body = [](std::string_view) -> bool { throw std::runtime_error("reader broke"); };
  transport_->start(std::move(request));
  EXPECT_THROW(run_all(1), std::runtime_error);
  EXPECT_EQ(respond(get(server_.url("/a"))).status, 200);
}

TEST_F(CurlTransportTest, AbortsWhatRunsAndIgnoresWhatDoesNot) {
  server_.on("/stall", {stall()});
  const RequestId id = transport_->start(get(server_.url("/stall")));
  EXPECT_TRUE(transport_->wait(steady_clock::now() + Millis(30)).empty());
  transport_->abort(id);
  transport_->abort(id);
  transport_->abort(id + 1000);
  const Results results = run_all(1);
  EXPECT_EQ(std::get<TransferFailure>(results.at(id)).error, TransferError::aborted);
}

TEST_F(CurlTransportTest, WakesFromAnotherThread) {
  server_.on("/stall", {stall()});
  transport_->start(get(server_.url("/stall")));
  std::thread other([this] { transport_->wake(); });
  EXPECT_TRUE(transport_->wait(steady_clock::now() + kPatience).empty());
  other.join();
}

TEST_F(CurlTransportTest, ReturnsAtItsDeadlineWithNothing) {
  const auto before = steady_clock::now();
  EXPECT_TRUE(transport_->wait(before + Millis(20)).empty());
  EXPECT_GE(steady_clock::now(), before + Millis(20));
}

TEST_F(CurlTransportTest, CanBeDestroyedWithRequestsRunning) {
  server_.on("/stall", {stall()});
  for (int i = 0; i < 3; ++i) transport_->start(get(server_.url("/stall")));
  transport_->wait(steady_clock::now() + Millis(10));
  transport_.reset();
}

// ---------------------------------------------------------------- connections

TEST_F(CurlTransportTest, KeepsConnectionsWithinTheLimitAndUsesThemAgain) {
  make({.user_agent = {}, .connections_per_host = 3, .requests_max = 5});
  server_.on("/a", answer(200, std::string(45'000, 'x')));
  const std::string url = server_.url("/a");
  std::size_t started = 0, done = 0;
  const SteadyTime deadline = steady_clock::now() + kPatience;
  while (done < 200 && steady_clock::now() < deadline) {
    while (started < 200 && transport_->can_start(at(url))) {
      transport_->start(get(url));
      ++started;
      ASSERT_LE(started - done, 3u);
    }
    for (const Completed& one : transport_->wait(deadline)) {
      EXPECT_EQ(std::get<Response>(one.result).body.size(), 45'000u);
      ++done;
    }
  }
  EXPECT_EQ(done, 200u);
  EXPECT_LE(server_.connections(), 3u);
  EXPECT_LE(server_.most_at_once(), 3u);
}

TEST_F(CurlTransportTest, CountsOriginsApartAndAllTogether) {
  make({.user_agent = {}, .connections_per_host = 2, .requests_max = 3});
  HttpServer other;
  for (HttpServer* server : {&server_, &other}) server->on("/stall", {stall()});
  transport_->start(get(server_.url("/stall")));
  EXPECT_TRUE(transport_->can_start(at(server_.url("/else"))));
  const RequestId second = transport_->start(get(server_.url("/stall")));
  EXPECT_FALSE(transport_->can_start(at(server_.url("/else"))));
  EXPECT_TRUE(transport_->can_start(at(other.url("/stall"))));
  transport_->start(get(other.url("/stall")));
  EXPECT_FALSE(transport_->can_start(at(other.url("/stall"))));
  transport_->abort(second);
  EXPECT_TRUE(transport_->can_start(at(other.url("/stall"))));
  EXPECT_TRUE(transport_->can_start(at(server_.url("/stall"))));
}

// ---------------------------------------------------------------- private addresses

TEST_F(CurlTransportTest, RefusesPrivateAddressesUnlessAllowed) {
  server_.on("/a", answer(200, "inner"));
  const std::string port = std::to_string(server_.port());
  for (const std::string host :
       {"127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"}) {
    Request request = get("http://" + host + ":" + port + "/a");
    request.allow_private_address = false;
    EXPECT_EQ(name_of(fail(std::move(request)).error), "address_refused") << host;
  }
  EXPECT_EQ(server_.connections(), 0u);
}

TEST_F(CurlTransportTest, RefusesANameThatLeadsToAPrivateAddress) {
  // The machine's own name resolves to an address of it, by /etc/hosts or by nss-myhostname.
  char name[256] = {};
  ASSERT_EQ(::gethostname(name, sizeof name - 1), 0);
  if (!parse_url("http://" + std::string(name) + "/"))
    GTEST_SKIP() << "the host name " << name << " is no URL's host";
  Request request = get("http://" + std::string(name) + ":" + std::to_string(server_.port()) + "/a");
  request.allow_private_address = false;
  const TransferFailure failure = fail(std::move(request));
  if (failure.error == TransferError::resolve)
    GTEST_SKIP() << "the host name " << name << " has no address here";
  EXPECT_EQ(failure.error, TransferError::address_refused) << failure.detail;
  EXPECT_EQ(server_.connections(), 0u);
}

// ---------------------------------------------------------------- environment

TEST_F(CurlTransportTest, GoesThroughTheProxyOfTheEnvironment) {
  const ScopedEnvironment proxy("http_proxy", "http://127.0.0.1:" + std::to_string(server_.port()));
  const ScopedEnvironment direct("no_proxy", "");
  make();
  server_.on("http://media.example/a", answer(200, "by proxy"));
  Request request = get("http://media.example/a");
  request.allow_private_address =
      false;  // speaks of the target; the proxy's own address is the user's choice
  EXPECT_EQ(respond(request).body.view(), "by proxy");
  request.url = at("http://10.0.0.1/a");
  EXPECT_EQ(fail(std::move(request)).error, TransferError::address_refused);
  EXPECT_EQ(server_.requests().size(), 1u);
}

TEST_F(CurlTransportTest, KeepsAPasswordInTheClearAwayFromTheProxy) {
  HttpServer proxy_server;
  const ScopedEnvironment proxy("http_proxy", "http://127.0.0.1:" + std::to_string(proxy_server.port()));
  const ScopedEnvironment direct("no_proxy", "");
  make();
  server_.on("/a", answer(200, "direct"));
  Request request = get(server_.url("/a"));
  request.auth = BasicAuth{"42", Secret("s3cret")};
  EXPECT_EQ(respond(std::move(request)).body.view(), "direct");
  EXPECT_EQ(proxy_server.connections(), 0u);
}

}  // namespace
}  // namespace medimirror
