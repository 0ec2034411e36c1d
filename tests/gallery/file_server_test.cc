#include "gallery/file_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <list>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

struct Served {
  TemporaryFolder folder;
  std::unique_ptr<FileServer> server;

  explicit Served(FileServer::Limits limits = {}) {
    make_folders(folder / "reports/gallery");
    make_folders(folder / "media/huge");
    replace_file(folder / "reports/gallery/index.html", "<p>gallery");
    replace_file(folder / "media/huge/1.webp", "RIFF");
    replace_file(folder / "key", "secret");
    server = std::make_unique<FileServer>(
        std::vector<FileServer::Mount>{{"/reports/gallery/", folder / "reports/gallery"},
                                       {"/media/", folder / "media"}},
        "/reports/gallery/", 0, limits);
  }

  httplib::Client client() const {
    httplib::Client client("127.0.0.1", server->port());
    client.set_read_timeout(std::chrono::seconds(20));
    return client;
  }

  std::string get(const std::string& path, const httplib::Headers& headers = {}) const {
    const auto answer = client().Get(path, headers);
    return answer ? std::to_string(answer->status) + " " + answer->body : "no answer";
  }

  std::string get_range(const std::string& value) const {
    return get("/media/huge/1.webp", {{"Range", value}});
  }
};

// What goes out as it stands.
class RawConnection {
 public:
  RawConnection(const FileServer& server, const std::string& sent)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(server.port());
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place), 0);
    send(sent);
  }

  bool send(const std::string& text) const {
    return ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }

  // Until the server closes; what it sent may be lost where it closed on us.
  std::string rest() const {
    std::string all;
    std::array<char, 4096> piece{};
    pollfd awaited{fd_.get(), POLLIN, 0};
    while (::poll(&awaited, 1, 20'000) == 1) {
      const ssize_t got = ::recv(fd_.get(), piece.data(), piece.size(), 0);
      if (got <= 0) return all;
      all.append(piece.data(), static_cast<std::size_t>(got));
    }
    return all + " and is still open";
  }

 private:
  UniqueFd fd_;
};

constexpr const char* kHalfRequest = "GET /media/huge/1.webp HTTP/1.1\r\nHost: 127";

TEST(FileServer, ShowsTheGalleryAndTheFilesWithTheirTypes) {
  const Served served;
  auto client = served.client();
  const auto start = client.Get("/");
  ASSERT_TRUE(start);
  EXPECT_EQ(start->get_header_value("Location"), "/reports/gallery/");
  const auto page = client.Get("/reports/gallery/");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 200);
  EXPECT_EQ(page->body, "<p>gallery");
  EXPECT_EQ(page->get_header_value("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(page->get_header_value("X-Content-Type-Options"), "nosniff");
  const auto picture = client.Get("/media/huge/1.webp");
  ASSERT_TRUE(picture);
  EXPECT_EQ(picture->get_header_value("Content-Type"), "image/webp");
  const auto head = client.Head("/media/huge/1.webp");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->body, "");
}

TEST(FileServer, NoPathLeadsOutOfTheFolders) {
  const Served served;
  auto client = served.client();
  for (const char* path :
       {"/key", "/media/../key", "/media/%2e%2e/key", "/media/..%2fkey", "/media/huge/../../key",
        "/media/%2e%2e%2fkey", "//key", "/media//../key", "/media/huge/%00/../../../key",
        "/reports/gallery/../../key", "/media/huge", "/media/"}) {
    const auto answer = client.Get(path);
    ASSERT_TRUE(answer) << path;
    EXPECT_NE(answer->status, 200) << path;
    EXPECT_EQ(answer->body.find("secret"), std::string::npos) << path;
  }
}

TEST(FileServer, OnlyLooking) {
  const Served served;
  auto client = served.client();
  EXPECT_EQ(client.Post("/media/huge/1.webp", "x", "text/plain")->status, 405);
  EXPECT_EQ(client.Put("/media/huge/2.webp", "x", "text/plain")->status, 405);
  EXPECT_EQ(client.Delete("/media/huge/1.webp")->status, 405);
  EXPECT_TRUE(std::filesystem::exists(served.folder / "media/huge/1.webp"));
}

TEST(FileServer, OnlyUnderItsOwnName) {
  const Served served;
  auto client = served.client();
  const auto answer = client.Get("/media/huge/1.webp", {{"Host", "evil.example"}});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 421);
}

TEST(FileServer, APortThatIsTakenIsASentence) {
  const Served served;
  try {
    const FileServer second({{"/media/", served.folder / "media"}}, "/media/", served.server->port());
    FAIL() << "two servers share a port";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(std::string(error.what()).find("--port"), std::string::npos);
  }
}

TEST(FileServer, AFolderThatIsNotThereIsASentence) {
  const TemporaryFolder folder;
  EXPECT_THROW(FileServer({{"/media/", folder / "media"}}, "/media/", 0), Error);
}

TEST(FileServer, ARangeIsAPieceAndManyRangesAreTheWholeOnce) {
  const Served served;
  EXPECT_EQ(served.get_range("bytes=1-2"), "206 IF");
  EXPECT_EQ(served.get_range("bytes=2-"), "206 FF");
  EXPECT_EQ(served.get_range("bytes=2-99"), "206 FF");
  EXPECT_EQ(served.get_range("bytes=-3"), "206 IFF");
  EXPECT_EQ(served.get_range("bytes=-99"), "206 RIFF");
  EXPECT_EQ(served.get_range("bytes=4-").substr(0, 3), "416");
  EXPECT_EQ(served.get_range("bytes=-0").substr(0, 3), "416");
  std::string many = "bytes=0-3";
  for (int i = 0; i < 900; ++i) many += ",0-";
  EXPECT_EQ(served.get_range(many), "200 RIFF");
  auto client = served.client();
  const auto piece = client.Get("/media/huge/1.webp", {{"Range", "bytes=1-2"}});
  ASSERT_TRUE(piece);
  EXPECT_EQ(piece->get_header_value("Content-Range"), "bytes 1-2/4");
}

TEST(FileServer, ALinkIsNotFollowed) {
  const Served served;
  const auto media = served.folder / "media";
  make_folders(served.folder / "outside");
  replace_file(served.folder / "outside/1.webp", "secret");
  std::filesystem::create_symlink(served.folder / "key", media / "huge/2.webp");
  std::filesystem::create_symlink("1.webp", media / "huge/3.webp");
  std::filesystem::create_directory_symlink(served.folder / "outside", media / "thumb");
  std::filesystem::create_directory_symlink("../..", media / "huge/up");
  ASSERT_EQ(::mkfifo((media / "huge/4.webp").c_str(), 0644), 0);
  for (const char* path : {"/media/huge/2.webp", "/media/huge/3.webp", "/media/thumb/1.webp",
                           "/media/huge/up/key", "/media/huge/up/outside/1.webp", "/media/huge/4.webp"})
    EXPECT_EQ(served.get(path).substr(0, 3), "404") << path;
  EXPECT_EQ(served.get("/media/huge/1.webp"), "200 RIFF");
}

TEST(FileServer, AMountedFolderMayBeALink) {
  const Served served;
  std::filesystem::create_directory_symlink(served.folder / "media", served.folder / "link");
  const FileServer second({{"/my%20media/", served.folder / "link"}}, "/my%20media/", 0);
  httplib::Client client("127.0.0.1", second.port());
  const auto answer = client.Get("/my%20media/huge/1.webp");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "RIFF");
}

TEST(FileServer, WhoAsksForNothingStopsNobody) {
  const Served served({.connections = 32});
  std::list<RawConnection> halves;
  for (int i = 0; i < 100; ++i) halves.emplace_back(*served.server, i % 2 == 0 ? kHalfRequest : "");
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(served.get("/media/huge/1.webp"), "200 RIFF");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(FileServer, FewDescriptorsMeanFewerConnections) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{64, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  {
    const Served served;
    // what asks lies in the same process: room for it while the server is full
    std::list<RawConnection> halves;
    for (int i = 0; i < 28; ++i) halves.emplace_back(*served.server, kHalfRequest);
    EXPECT_EQ(served.get("/media/huge/1.webp"), "200 RIFF");
  }
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(FileServer, WhoTakesNothingStopsNobody) {
  const Served served;
  std::filesystem::resize_file(served.folder / "media/huge/1.webp", 200 << 20);
  std::list<RawConnection> silent;
  const std::string request =
      "GET /media/huge/1.webp HTTP/1.1\r\nHost: localhost:" + std::to_string(served.server->port()) +
      "\r\n\r\n";
  for (int i = 0; i < 64; ++i) silent.emplace_back(*served.server, request);
  EXPECT_EQ(served.get("/reports/gallery/"), "200 <p>gallery");
}

TEST(FileServer, AHalfRequestEndsHoweverSlowlyItGrows) {
  const Served served({.head = std::chrono::milliseconds(150)});
  const RawConnection half(*served.server, kHalfRequest);
  const auto begin = std::chrono::steady_clock::now();
  while (half.send(".") && std::chrono::steady_clock::now() - begin < std::chrono::seconds(10))
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(FileServer, ARequestWithoutEndEnds) {
  const Served served;
  const RawConnection endless(*served.server, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nA: ");
  std::size_t sent = 0;
  while (sent < (64 << 20) && endless.send(std::string(4096, 'a'))) sent += 4096;
  EXPECT_EQ(endless.rest().find("still open"), std::string::npos);
  EXPECT_EQ(served.get("/media/huge/1.webp"), "200 RIFF");
}

TEST(FileServer, AFileOfAnySizeCostsNoMemory) {
  const Served served;
  constexpr std::size_t kBytes = 400 << 20;
  std::filesystem::resize_file(served.folder / "media/huge/1.webp", kBytes);
  const auto peak_kb = [] {
    struct rusage usage {};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  const long before = peak_kb();
  std::size_t got = 0;
  auto client = served.client();
  ASSERT_TRUE(client.Get("/media/huge/1.webp", [&got](const char*, std::size_t bytes) {
    got += bytes;
    return true;
  }));
  EXPECT_EQ(got, kBytes);
  EXPECT_LT(peak_kb() - before, 100 << 10);
}

}  // namespace
}  // namespace medimirror
