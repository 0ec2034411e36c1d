#include "gallery/file_server.h"

#include <gtest/gtest.h>
#include <httplib.h>

#include "base/error.h"
#include "base/file.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

struct Served {
  TemporaryFolder folder;
  std::unique_ptr<FileServer> server;

  Served() {
    make_folders(folder / "reports/gallery");
    make_folders(folder / "media/huge");
    replace_file(folder / "reports/gallery/index.html", "<p>gallery");
    replace_file(folder / "media/huge/1.webp", "RIFF");
    replace_file(folder / "key", "secret");
    server = std::make_unique<FileServer>(
        std::vector<FileServer::Mount>{{"/reports/gallery/", folder / "reports/gallery"},
                                       {"/media/", folder / "media"}},
        "/reports/gallery/", 0);
  }

  httplib::Client client() const {
    httplib::Client client("127.0.0.1", server->port());
    client.set_read_timeout(std::chrono::seconds(20));
    return client;
  }
};

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

}  // namespace
}  // namespace medimirror
