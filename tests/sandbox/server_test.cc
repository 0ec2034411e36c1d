// The server over a real loopback socket, spoken to in bare bytes, so that a broken answer is seen as it is.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <set>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "sandbox/server.h"
#include "sandbox_fixture.h"

namespace medimirror::sandbox {
namespace {

using nlohmann::json;

struct Answer {
  std::string head, body;
  int error = 0;  // errno at the end; 0: the server closed properly

  int status() const { return head.size() > 12 ? std::stoi(head.substr(9, 3)) : 0; }
  bool has(const std::string& text) const { return head.find(text) != std::string::npos; }
};

class OverTheWire : public testing::Test {
 protected:
  SystemClock clock;
  std::unique_ptr<Service> service;
  std::unique_ptr<Server> server;

  void SetUp() override { start(small_service()); }
  void start(const ServiceOptions& options) {
    server.reset();
    service = std::make_unique<Service>(options, clock);
    server = std::make_unique<Server>(ServerOptions{"127.0.0.1", 0, 8}, *service);
  }

  UniqueFd open_connection() {
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(server->port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const timeval limit{20, 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return fd;
  }

  Answer exchange(const std::string& request) {
    const UniqueFd fd = open_connection();
    EXPECT_EQ(send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    Answer answer;
    std::string all;
    char buffer[65536];
    while (true) {
      const ssize_t got = recv(fd.get(), buffer, sizeof buffer, 0);
      if (got < 0) answer.error = errno;
      if (got <= 0) break;
      all.append(buffer, static_cast<std::size_t>(got));
    }
    const std::size_t end = all.find("\r\n\r\n");
    answer.head = all.substr(0, end);
    if (end != std::string::npos) answer.body = all.substr(end + 4);
    return answer;
  }
  Answer get_wire(const std::string& target, const std::string& more = "") {
    return exchange("GET " + target +
                    " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: test/1.0 (a@b.c)\r\n" + more +
                    "\r\n");
  }
  Answer post_wire(const std::string& target, const std::string& body, const std::string& more = "") {
    return exchange(
        fmt::format("POST {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {}\r\n"
                    "Content-Length: {}\r\n{}\r\n{}",
                    target, kGoodAuthorization, body.size(), more, body));
  }
  Answer stream_wire() {
    return post_wire("/v4/media/stream", R"({"filter": {"and": []}, "sorting": {"id": "ASC"}})");
  }
  void fault(const std::string& rule) {
    EXPECT_EQ(exchange("DELETE /sandbox/faults HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").status(),
              200);
    EXPECT_EQ(post_wire("/sandbox/faults", rule).status(), 200) << rule;
  }

  // The path and the true bytes of some picture.
  std::string picture() {
    const auto catalogue = service->evolution().snapshot();
    const MediaFacts facts = catalogue->media(0);
    return picture_path(1, facts, formats_of(facts).back());
  }

  static std::string unchunk(const std::string& body, bool* whole) {
    std::string out;
    std::size_t at = 0;
    while (at < body.size()) {
      const std::size_t line = body.find("\r\n", at);
      if (line == std::string::npos) break;
      const std::size_t size = std::stoul(body.substr(at, line - at), nullptr, 16);
      if (size == 0) return *whole = true, out;
      out += body.substr(line + 2, size);
      at = line + 2 + size + 2;
    }
    return *whole = false, out;
  }
};

TEST_F(OverTheWire, ServesPicturesAndListings) {
  const Answer answer = get_wire(picture());
  EXPECT_EQ(answer.status(), 200);
  EXPECT_TRUE(answer.has("Content-Length: " + std::to_string(answer.body.size()))) << answer.head;
  EXPECT_TRUE(answer.has("ETag: \""));
  EXPECT_TRUE(answer.has("Content-Type: image/"));

  const Answer listing = stream_wire();
  EXPECT_TRUE(listing.has("Transfer-Encoding: chunked"));
  EXPECT_TRUE(listing.has("Content-Type: application/x-json-stream"));
  bool whole = false;
  const auto lines = json_lines(unchunk(listing.body, &whole));
  EXPECT_TRUE(whole);
  EXPECT_EQ(lines.size(), lines[0]["meta"]["total"]);

  const Answer head = exchange("HEAD " + picture() +
                               " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: t/1 (a@b)\r\n\r\n");
  EXPECT_EQ(head.status(), 200);
  EXPECT_TRUE(head.body.empty());
  EXPECT_EQ(get_wire("/nowhere").status(), 404);
}

TEST_F(OverTheWire, APostWithoutABodyDoesNotWait) {
  EXPECT_EQ(exchange("POST /sandbox/stats/reset HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").status(),
            200);
}

TEST_F(OverTheWire, ShortBodyPromisesMoreThanItSends) {
  const std::string path = picture();
  const Answer whole = get_wire(path);
  fault(R"({"kind": "short_body", "path": "/media/*", "count": 1})");
  const Answer half = get_wire(path);
  EXPECT_TRUE(half.has("Content-Length: " + std::to_string(whole.body.size())));
  EXPECT_EQ(half.body, whole.body.substr(0, whole.body.size() / 2));
  EXPECT_EQ(get_wire(path).body, whole.body);  // the count is used up
}

TEST_F(OverTheWire, OtherBrokenBodies) {
  const std::string path = picture();
  const std::string whole = get_wire(path).body;
  bool ended = true;

  fault(R"({"kind": "broken_chunked", "path": "/media/*"})");
  Answer answer = get_wire(path);
  EXPECT_TRUE(answer.has("Transfer-Encoding: chunked"));
  unchunk(answer.body, &ended);
  EXPECT_FALSE(ended);

  fault(R"({"kind": "cut_without_length", "path": "/media/*", "at_byte": 10})");
  answer = get_wire(path);
  EXPECT_FALSE(answer.has("Content-Length"));
  EXPECT_FALSE(answer.has("chunked"));
  EXPECT_EQ(answer.body, whole.substr(0, 10));
  EXPECT_EQ(answer.error, 0);

  fault(R"({"kind": "html", "path": "/media/*"})");
  answer = get_wire(path);
  EXPECT_EQ(answer.status(), 200);
  EXPECT_THAT(answer.body, testing::StartsWith("<!DOCTYPE html>"));

  fault(R"({"kind": "empty", "path": "/media/*"})");
  answer = get_wire(path);
  EXPECT_EQ(answer.status(), 200);
  EXPECT_TRUE(answer.body.empty());

  fault(R"({"kind": "flipped_bit", "path": "/media/*"})");
  answer = get_wire(path);
  ASSERT_EQ(answer.body.size(), whole.size());
  int different = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) different += answer.body[i] != whole[i];
  EXPECT_EQ(different, 1);
}

TEST_F(OverTheWire, ResetIsAReset) {
  const std::string path = picture();
  fault(R"({"kind": "reset", "path": "/media/*", "at_byte": 20})");
  const Answer answer = get_wire(path);
  EXPECT_EQ(answer.error, ECONNRESET);
  EXPECT_EQ(answer.body.size(), 20u);
  fault(R"({"kind": "reset", "path": "/v4/*"})");
  EXPECT_EQ(stream_wire().error, ECONNRESET);
}

TEST_F(OverTheWire, StallDripAndLatencyTakeTheirTimeAndEndWell) {
  const std::string path = picture();
  const std::string whole = get_wire(path).body;
  for (const char* kind : {"stall", "drip", "latency"}) {
    fault(fmt::format(R"({{"kind": "{}", "path": "/media/*", "ms": 200}})", kind));
    const SteadyTime start = clock.steady_now();
    EXPECT_EQ(get_wire(path).body, whole) << kind;
    EXPECT_GE(clock.steady_now() - start, std::chrono::milliseconds(150)) << kind;
  }
}

TEST_F(OverTheWire, StopsAtOnceWhileAReplyIsStalled) {
  const std::string path = picture();
  fault(R"({"kind": "stall", "path": "/media/*", "ms": 600000})");
  std::thread client([&] { get_wire(path); });
  while (json::parse(service->answer(get("/sandbox/stats")).body)["faults"].empty())
    std::this_thread::yield();
  const SteadyTime start = clock.steady_now();
  server.reset();
  client.join();
  EXPECT_LT(clock.steady_now() - start, std::chrono::seconds(10));
}

TEST_F(OverTheWire, StatusWithAndWithoutRetryAfter) {
  const std::string path = picture();
  fault(R"([{"kind": "status", "status": 429, "retry_after": 3, "path": "/media/*", "count": 1},
            {"kind": "status", "status": 503, "retry_after": "date:30", "path": "/media/*", "count": 1},
            {"kind": "status", "status": 500, "path": "/media/*", "count": 1}])");
  const Answer first = get_wire(path), second = get_wire(path), third = get_wire(path);
  EXPECT_EQ(first.status(), 429);
  EXPECT_TRUE(first.has("Retry-After: 3"));
  EXPECT_EQ(second.status(), 503);
  EXPECT_TRUE(second.has(" GMT"));
  EXPECT_EQ(third.status(), 500);
  EXPECT_FALSE(third.has("Retry-After"));
  EXPECT_EQ(get_wire(path).status(), 200);
  const json stats = json::parse(get_wire("/sandbox/stats").body);
  EXPECT_EQ(stats["faults"]["status"], 3);
  EXPECT_EQ(stats["early_after_retry_after"]["same_path"], 2 + 1);
  EXPECT_EQ(stats["media_statuses"], (json{{"200", 1}, {"429", 1}, {"500", 1}, {"503", 1}}));
}

TEST_F(OverTheWire, RedirectsAnywhere) {
  const std::string path = picture();
  fault(R"({"kind": "redirect", "path": "/media/*", "location": "http://10.0.0.1{target}"})");
  const Answer answer = get_wire(path + "?v=1");
  EXPECT_EQ(answer.status(), 302);
  EXPECT_TRUE(answer.has("Location: http://10.0.0.1" + path + "?v=1"));
}

TEST_F(OverTheWire, StreamIsCutAtTheByteAsked) {
  bool ended = false;
  const std::string whole = unchunk(stream_wire().body, &ended);
  for (const std::size_t at : {std::size_t{1}, std::size_t{1000}, whole.size() / 2, whole.size() - 1}) {
    fault(fmt::format(R"({{"kind": "stream_cut", "path": "*", "at_byte": {}}})", at));
    EXPECT_EQ(unchunk(stream_wire().body, &ended), whole.substr(0, at));
    EXPECT_FALSE(ended);
    fault(fmt::format(R"({{"kind": "stream_cut", "path": "*", "at_byte": {}, "clean": true}})", at));
    EXPECT_EQ(unchunk(stream_wire().body, &ended), whole.substr(0, at));
    EXPECT_TRUE(ended);
  }
}

TEST_F(OverTheWire, AnErrorObjectComesBetweenTwoLines) {
  fault(R"({"kind": "stream_error", "path": "*", "at_byte": 5000})");
  bool ended = false;
  const auto lines = json_lines(unchunk(stream_wire().body, &ended));
  int errors = 0;
  for (const json& line : lines) errors += line.contains("error");
  EXPECT_EQ(errors, 1);
  EXPECT_EQ(lines.size(), lines[0]["meta"]["total"].get<std::size_t>() + 1);
  EXPECT_TRUE(lines[0].contains("result"));
}

TEST_F(OverTheWire, ListingsThatLie) {
  bool ended = false;
  const std::size_t total = json_lines(unchunk(stream_wire().body, &ended)).size();
  const std::string page =
      R"({"filter": {"and": []}, "sorting": {"id": "ASC"}, "page": {"no": 0, "size": 250}})";

  fault(R"({"kind": "listing_empty"})");
  EXPECT_EQ(stream_wire().status(), 204);
  EXPECT_EQ(json::parse(post_wire("/v4/media/query", page).body)["meta"]["total"], 0);

  fault(R"({"kind": "listing_half"})");
  auto lines = json_lines(unchunk(stream_wire().body, &ended));
  EXPECT_EQ(lines.size(), total / 2);
  EXPECT_EQ(lines[0]["meta"]["total"], total / 2);
  json answer = json::parse(post_wire("/v4/media/query", page).body);
  EXPECT_EQ(answer["meta"]["total"], total / 2);
  EXPECT_EQ(answer["results"].size(), total / 2);

  fault(R"({"kind": "listing_half_lying"})");
  lines = json_lines(unchunk(stream_wire().body, &ended));
  EXPECT_EQ(lines.size(), total / 2);
  EXPECT_EQ(lines[0]["meta"]["total"], total);
  answer = json::parse(post_wire("/v4/media/query", page).body);
  EXPECT_EQ(answer["meta"]["total"], total);
  EXPECT_EQ(answer["results"].size(), total / 2);
  EXPECT_EQ(get_wire(picture()).status(), 200);  // pictures are no listings
}

TEST_F(OverTheWire, FaultsAreCountedByPathAndDrawnByProbability) {
  const auto catalogue = service->evolution().snapshot();
  const MediaFacts facts = catalogue->media(0);
  const std::string one = picture_path(1, facts, formats_of(facts)[0]),
                    two = picture_path(1, facts, formats_of(facts)[1]);
  fault(R"({"kind": "status", "path": "~/media/.*", "count": 1, "each": true})");
  EXPECT_EQ(get_wire(one).status(), 503);
  EXPECT_EQ(get_wire(two).status(), 503);
  EXPECT_EQ(get_wire(one).status(), 200);
  EXPECT_EQ(get_wire(two).status(), 200);

  fault(R"({"kind": "status", "path": "/media/*", "probability": 0.5})");
  std::multiset<int> statuses;
  for (int i = 0; i < 60; ++i) statuses.insert(get_wire(one).status());
  EXPECT_GT(statuses.count(200), 10u);
  EXPECT_GT(statuses.count(503), 10u);
}

TEST_F(OverTheWire, MistakesInFaultsAreNamed) {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"path": "*"})", "kind"},
      {R"({"kind": "fire"})", "fire"},
      {R"({"kind": "status", "paht": "*"})", "paht"},
      {R"({"kind": "status", "status": 99})", "status"},
      {R"({"kind": "stall"})", "ms"},
      {R"({"kind": "redirect"})", "location"},
      {R"({"kind": "status", "path": "~("})", "regular expression"},
      {R"({"kind": "status", "probability": 2})", "probability"},
      {"nonsense", "JSON"}};
  for (const auto& [rule, word] : rows) {
    const Answer answer = post_wire("/sandbox/faults", rule);
    EXPECT_EQ(answer.status(), 400) << rule;
    EXPECT_THAT(answer.body, testing::HasSubstr(word)) << rule;
  }
}

TEST_F(OverTheWire, KeepsConnectionsAndCountsThem) {
  const UniqueFd fd = open_connection();
  const std::string request = "GET " + picture() + " HTTP/1.1\r\nHost: x\r\nUser-Agent: t/1 (a@b)\r\n\r\n";
  std::string all;
  char buffer[4096];
  for (int i = 0; i < 20; ++i) {
    ASSERT_GT(send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL), 0);
    std::string answer;
    std::size_t length = 0;
    while (length == 0 || answer.size() < length) {
      const ssize_t got = recv(fd.get(), buffer, sizeof buffer, 0);
      ASSERT_GT(got, 0);
      answer.append(buffer, static_cast<std::size_t>(got));
      const std::size_t end = answer.find("\r\n\r\n"), field = answer.find("Content-Length: ");
      if (end != std::string::npos) length = end + 4 + std::stoul(answer.substr(field + 16));
    }
  }
  const json stats = json::parse(get_wire("/sandbox/stats").body);
  EXPECT_EQ(stats["requests"]["media_file"], 20);
  EXPECT_EQ(stats["connections"], 2);  // this one, and the one that asks for the stats
}

TEST_F(OverTheWire, ATakenPortIsSaid) {
  EXPECT_THROW(Server(ServerOptions{"127.0.0.1", server->port(), 1}, *service), Error);
}

}  // namespace
}  // namespace medimirror::sandbox
