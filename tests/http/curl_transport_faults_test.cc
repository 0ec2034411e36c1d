// curl_transport against servers that misbehave.
#include <chrono>
#include <string>

#include "base/sha256.h"
#include "http/curl_transport_fixture.h"

namespace medimirror {
namespace {

struct Misbehaviour {
  const char* name;
  ServerAnswer answer;
  TransferError expected;
  int status;
};

TEST_F(CurlTransportTest, NamesWhatWentWrong) {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  const Misbehaviour rows[] = {
      {"short body",
       {send(head + "Content-Length: 10\r\n\r\nhalf"), close_connection()},
       TransferError::short_body,
       200},
      {"no body at all",
       {send(head + "Content-Length: 10\r\n\r\n"), close_connection()},
       TransferError::short_body,
       200},
      {"broken chunk size",
       {send(head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n")},
       TransferError::short_body,
       200},
      {"chunks cut off",
       {send(head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nff\r\nx"), close_connection()},
       TransferError::short_body,
       200},
      {"no last chunk",
       {send(head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), close_connection()},
       TransferError::short_body,
       200},
      {"reset in mid-body",
       {send(head + "Content-Length: 10\r\n\r\nhalf"), reset_connection()},
       TransferError::reset,
       200},
      {"reset at once", {reset_connection()}, TransferError::reset, 0},
      {"closed at once", {close_connection()}, TransferError::reset, 0},
      {"not HTTP", {send("SSH-2.0-OpenSSH_9.2\r\n"), close_connection()}, TransferError::protocol, 0},
      {"endless headers",
       {send(head + "X: " + std::string(90'000, 'x') + "\r\nX: " + std::string(90'000, 'x') +
             "\r\nX: " + std::string(90'000, 'x') + "\r\n\r\n")},
       TransferError::protocol,
       200},
      {"broken compression",
       {send(head + "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope")},
       TransferError::short_body,
       200},
  };
  for (const Misbehaviour& row : rows) {
    SCOPED_TRACE(row.name);
    server_.on("/" + std::string(1, static_cast<char>('a' + (&row - rows))), row.answer);
    const TransferFailure failure =
        fail(get(server_.url("/" + std::string(1, static_cast<char>('a' + (&row - rows))))));
    EXPECT_EQ(name_of(failure.error), name_of(row.expected)) << failure.detail;
    EXPECT_EQ(failure.status, row.status);
    EXPECT_FALSE(failure.detail.empty());
  }
}

TEST_F(CurlTransportTest, WorksOnAfterEveryMisbehaviour) {
  server_.on("/short", {send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"), close_connection()});
  server_.on("/ok", answer(200, "whole"));
  for (int i = 0; i < 5; ++i) {
    Request request = get(server_.url("/short"));
    request.hash_body = true;
    EXPECT_EQ(fail(std::move(request)).bytes_received, 4u);
    request = get(server_.url("/ok"));
    request.hash_body = true;
    EXPECT_EQ(respond(std::move(request)).sha256, sha256("whole"));
  }
}

TEST_F(CurlTransportTest, EndsAStall) {
  server_.on("/body", {send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"), stall()});
  server_.on("/silence", {stall()});
  for (const char* path : {"/body", "/silence"}) {
    Request request = get(server_.url(path));
    request.limits.stall_ms_max = Millis(150);
    EXPECT_EQ(fail(std::move(request)).error, TransferError::timeout_stall) << path;
  }
}

TEST_F(CurlTransportTest, TheFirstByteMayTakeLongerThanTheOthers) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
  server_.on("/late", {send(head, Millis(400)), send("half")});
  server_.on("/late-body", {send(head), send("half", Millis(400))});
  server_.on("/stalls-later", {send(head + "h"), stall()});
  for (const char* path : {"/late", "/late-body", "/stalls-later"}) {
    Request request = get(server_.url(path));
    request.limits.stall_ms_max = Millis(150);
    request.first_byte_ms_max = Millis(30'000);
    const auto before = steady_clock::now();
    const auto result = run(std::move(request));
    EXPECT_EQ(std::holds_alternative<Response>(result), path != std::string("/stalls-later"));
    EXPECT_LT(steady_clock::now() - before, Millis(5'000));
  }
  Request request = get(server_.url("/late"));
  request.first_byte_ms_max = Millis(100);
  EXPECT_EQ(fail(std::move(request)).error, TransferError::timeout_stall);
}

TEST_F(CurlTransportTest, TakesADripForAStall) {
  server_.on("/drip", {send("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n"),
                       drip(std::string(2000, 'x'), Millis(10))});
  Request request = get(server_.url("/drip"));
  request.limits.stall_ms_max = Millis(300);
  const TransferFailure failure = fail(std::move(request));
  EXPECT_EQ(failure.error, TransferError::timeout_stall);
  EXPECT_LT(failure.bytes_received, 1024u);
}

TEST_F(CurlTransportTest, EndsWhatTakesTooLongInAll) {
  ServerAnswer steady{send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")};
  for (int i = 0; i < 1000; ++i) steady.push_back(send(std::string(2048, 'x'), Millis(20)));
  server_.on("/steady", steady);
  Request request = get(server_.url("/steady"));
  request.body_bytes_max = 200'000'000;
  request.limits.stall_ms_max = Millis(10'000);
  request.limits.total_ms_max = Millis(300);
  EXPECT_EQ(fail(std::move(request)).error, TransferError::timeout_total);
}

TEST_F(CurlTransportTest, EndsAConnectionThatIsNeverMade) {
  // A listener whose backlog is full answers no SYN any more.
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 0), 0);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  std::vector<int> fillers;
  for (int i = 0; i < 8; ++i) {
    fillers.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    ::connect(fillers.back(), reinterpret_cast<sockaddr*>(&address), size);
  }
  Request request = get("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/");
  request.limits.connect_ms_max = Millis(200);
  EXPECT_EQ(fail(std::move(request)).error, TransferError::timeout_connect);
  for (const int fd : fillers) ::close(fd);
  ::close(listener);
}

TEST_F(CurlTransportTest, ReportsARefusedConnection) {
  std::uint16_t port = 0;
  {
    const HttpServer gone;
    port = gone.port();
  }
  const TransferFailure failure = fail(get("http://127.0.0.1:" + std::to_string(port) + "/"));
  EXPECT_EQ(failure.error, TransferError::connect);
}

TEST_F(CurlTransportTest, ReportsANameWithoutAnAddress) {
  EXPECT_EQ(fail(get("http://no-such-name.invalid/")).error, TransferError::resolve);
}

}  // namespace
}  // namespace medimirror
