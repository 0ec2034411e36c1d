// The transport over TLS and HTTP/2, against nginx in front of a server that misbehaves. Skipped where nginx
// (with HTTP/2) or openssl is not installed.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <thread>

#include "http/curl_transport.h"
#include "support/http_server.h"
#include "support/scoped_environment.h"
#include "support/temporary_folder.h"

extern char** environ;

namespace medimirror {
namespace {

using std::chrono::steady_clock;

constexpr auto kPatience = std::chrono::seconds(60);

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

bool accepts(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const bool connected = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return connected;
}

class Nginx {
 public:
  // Proxies everything to `upstream`; each answer says in X-Connection which connection of ours it came over.
  // `extra` is more of its server's configuration.
  Nginx(const std::filesystem::path& folder, std::uint16_t upstream, int requests_per_connection,
        const std::string& extra)
      : port_(free_port()) {
    const std::string f = folder.native();
    std::string conf = fmt::format(
        "worker_processes 1; pid {0}/pid; error_log {0}/error.log; daemon off; master_process off;\n"
        "events {{ worker_connections 256; }}\n"
        "http {{ access_log off; proxy_buffering off; keepalive_requests {1};\n",
        f, requests_per_connection);
    for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
      conf += fmt::format("{}_temp_path {}/{};\n", kind, f, kind);
    conf += fmt::format(
        "server {{ listen 127.0.0.1:{0} ssl http2; ssl_certificate {1}/cert.pem; ssl_certificate_key "
        "{1}/key.pem; {3}\n"
        "location / {{ proxy_pass http://127.0.0.1:{2}; add_header X-Connection $connection always; }} }} "
        "}}\n",
        port_, f, upstream, extra);
    std::ofstream(folder / "nginx.conf") << conf;
    const std::string conf_path = f + "/nginx.conf", early_log = f + "/early.log";
    const char* arguments[] = {"nginx",           "-p", f.c_str(),         "-e",
                               early_log.c_str(), "-c", conf_path.c_str(), nullptr};
    const std::string path = std::string(::getenv("PATH")) + ":/usr/sbin";
    const ScopedEnvironment scoped("PATH", path);
    if (::posix_spawnp(&pid_, "nginx", nullptr, nullptr, const_cast<char**>(arguments), environ) != 0)
      pid_ = -1;
    const auto deadline = steady_clock::now() + std::chrono::seconds(20);
    while (!(ready_ = accepts(port_)) && steady_clock::now() < deadline && pid_ > 0 &&
           ::waitpid(pid_, nullptr, WNOHANG) == 0)
      std::this_thread::sleep_for(Millis(5));
  }
  ~Nginx() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  bool ready() const { return ready_; }
  std::string url(std::string_view path) const { return fmt::format("https://localhost:{}{}", port_, path); }

 private:
  std::uint16_t port_;
  pid_t pid_ = -1;
  bool ready_ = false;
};

class Http2Test : public testing::Test {
 protected:
  void SetUp() override {
    const std::string make_certificate = fmt::format(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
        "/CN=localhost "
        "-addext subjectAltName=DNS:localhost -keyout {0}/key.pem -out {0}/cert.pem 2>/dev/null",
        folder_.path().native());
    if (std::system(make_certificate.c_str()) != 0) GTEST_SKIP() << "openssl is not installed";
    if (std::system("PATH=$PATH:/usr/sbin nginx -V 2>&1 | grep -q http_v2_module") != 0)
      GTEST_SKIP() << "nginx with HTTP/2 is not installed";
    upstream_.on("/ok", answer(200, std::string(45'000, 'x')));
    upstream_.on("/cut", {send("HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n" + std::string(45'000, 'x')),
                          close_connection()});
    upstream_.on("/chunks", {send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n"),
                             close_connection()});
    upstream_.on("/reset",
                 {send("HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\nhalf"), reset_connection()});
    upstream_.on("/stall", {send("HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\nhalf"), stall()});
  }

  void begin(int requests_per_connection = 10'000, bool trusted = true, const std::string& extra = "") {
    nginx_ = std::make_unique<Nginx>(folder_.path(), upstream_.port(), requests_per_connection, extra);
    ASSERT_TRUE(nginx_->ready()) << "nginx did not start; see " << folder_.path();
    const ScopedEnvironment bundle("CURL_CA_BUNDLE", trusted ? (folder_ / "cert.pem").native() : "");
    const ScopedEnvironment file("SSL_CERT_FILE", "");
    const ScopedEnvironment direct("no_proxy", "*");
    CurlTransportOptions options;
    options.user_agent = "medimirror/test (tester@example.com)";
    transport_ = make_curl_transport(options);
  }

  using Results = std::map<RequestId, std::variant<Response, TransferFailure>>;
  RequestId start(std::string_view path) {
    Request request;
    request.url = *parse_url(nginx_->url(path));
    request.allow_private_address = true;
    request.limits.stall_ms_max = path == "/stall" ? Millis(200) : Millis(30'000);
    return transport_->start(std::move(request));
  }
  Results run_all(std::size_t count) {
    Results results;
    const SteadyTime deadline = steady_clock::now() + kPatience;
    while (results.size() < count && steady_clock::now() < deadline)
      for (Completed& one : transport_->wait(deadline)) results.emplace(one.id, std::move(one.result));
    EXPECT_EQ(results.size(), count);
    return results;
  }
  std::variant<Response, TransferFailure> run(std::string_view path) {
    const RequestId id = start(path);
    Results results = run_all(1);
    return std::move(results.at(id));
  }

  TemporaryFolder folder_;
  HttpServer upstream_;
  std::unique_ptr<Nginx> nginx_;
  std::unique_ptr<Transport> transport_;
};

TEST_F(Http2Test, SendsManyRequestsOverOneConnection) {
  begin();
  std::set<std::string> connections;
  for (int i = 0; i < 16; ++i) start("/ok");
  for (const auto& [id, result] : run_all(16)) {
    const auto* response = std::get_if<Response>(&result);
    ASSERT_NE(response, nullptr) << std::get<TransferFailure>(result).detail;
    EXPECT_EQ(response->http_version, 20);
    EXPECT_EQ(response->body.size(), 45'000u);
    EXPECT_TRUE(response->length_was_announced);
    connections.emplace(response->header("x-connection").value_or("?"));
  }
  EXPECT_EQ(connections.size(), 1u);
}

TEST_F(Http2Test, SurvivesAServerThatSaysGoawayAgainAndAgain) {
  begin(5);
  std::set<std::string> connections;
  std::size_t refused = 0, good = 0;
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 16; ++i) start("/ok");
    for (const auto& [id, result] : run_all(16)) {
      if (const auto* failure = std::get_if<TransferFailure>(&result)) {
        EXPECT_TRUE(failure->error == TransferError::not_processed || failure->error == TransferError::reset)
            << name_of(failure->error) << ": " << failure->detail;
        ++refused;
      } else {
        EXPECT_EQ(std::get<Response>(result).body.size(), 45'000u);
        connections.emplace(std::get<Response>(result).header("x-connection").value_or("?"));
        ++good;
      }
    }
  }
  EXPECT_GT(good, 0u);
  EXPECT_EQ(good + refused, 160u);
  EXPECT_GE(connections.size(), 2u);
  RecordProperty("not_processed", static_cast<int>(refused));
}

TEST_F(Http2Test, NeverTakesACutForTheWhole) {
  begin();
  for (const char* path : {"/cut", "/chunks", "/reset"}) {
    const auto result = run(path);
    ASSERT_TRUE(std::holds_alternative<TransferFailure>(result)) << path;
    const TransferFailure& failure = std::get<TransferFailure>(result);
    // nginx may notice the fault before it has passed the headers on; then there is no body to be short.
    EXPECT_STREQ(std::string(name_of(failure.error)).c_str(), failure.status == 0 ? "reset" : "short_body")
        << path << ": " << failure.detail;
  }
  EXPECT_EQ(std::get<Response>(run("/ok")).http_version, 20);
}

TEST_F(Http2Test, EndsAStallAndLeavesTheOthersAlone) {
  begin();
  const RequestId stalled = start("/stall");
  for (int i = 0; i < 4; ++i) start("/ok");
  for (const auto& [id, result] : run_all(5)) {
    if (id == stalled)
      EXPECT_EQ(std::get<TransferFailure>(result).error, TransferError::timeout_stall);
    else
      EXPECT_EQ(std::get<Response>(result).body.size(), 45'000u);
  }
}

TEST_F(Http2Test, FallsBackToHttp1WhenHttp2KeepsBreakingOff) {
  begin();
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(std::holds_alternative<TransferFailure>(run("/cut")));
  const auto result = run("/ok");
  ASSERT_TRUE(std::holds_alternative<Response>(result));
  EXPECT_EQ(std::get<Response>(result).http_version, 11);
  const auto cut = run("/cut");
  ASSERT_TRUE(std::holds_alternative<TransferFailure>(cut));
  EXPECT_EQ(std::get<TransferFailure>(cut).error, TransferError::short_body);
}

TEST_F(Http2Test, ReturnsToHttp2WhereHttp1DoesNotWork) {
  for (const char* answer : {"444", "505", "426"}) {
    begin(10'000, true, fmt::format("if ($server_protocol != HTTP/2.0) {{ return {}; }}", answer));
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(std::holds_alternative<TransferFailure>(run("/cut")));
    for (int i = 0; i < 3; ++i) {
      const auto result = run("/ok");
      const auto* response = std::get_if<Response>(&result);
      EXPECT_TRUE(response == nullptr || response->status == std::stoi(answer)) << answer;
    }
    // For good, though it keeps breaking off.
    for (int i = 0; i < 8; ++i) run("/cut");
    for (int i = 0; i < 4; ++i) {
      const auto result = run("/ok");
      ASSERT_TRUE(std::holds_alternative<Response>(result)) << std::get<TransferFailure>(result).detail;
      EXPECT_EQ(std::get<Response>(result).http_version, 20);
      EXPECT_EQ(std::get<Response>(result).status, 200);
    }
    transport_.reset();
    nginx_.reset();
  }
}

TEST_F(Http2Test, RefusesACertificateItDoesNotKnow) {
  begin(10'000, false);
  const auto result = run("/ok");
  ASSERT_TRUE(std::holds_alternative<TransferFailure>(result));
  EXPECT_EQ(std::get<TransferFailure>(result).error, TransferError::tls);
  EXPECT_TRUE(upstream_.requests().empty());
}

}  // namespace
}  // namespace medimirror
