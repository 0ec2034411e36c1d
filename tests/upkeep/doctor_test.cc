#include "upkeep/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "support/fake_transport.h"
#include "support/http_date.h"
#include "support/manual_clock.h"
#include "support/temporary_folder.h"
#include "support/tiny_png.h"

namespace medimirror {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

namespace fs = std::filesystem;

const Check* find(const std::vector<Check>& checks, std::string_view what) {
  const auto found = std::ranges::find_if(
      checks, [&](const Check& check) { return check.what.find(what) != std::string::npos; });
  return found == checks.end() ? nullptr : &*found;
}

TEST(DoctorOfTheDisk, FindsAGoodDiskGoodAndLeavesNothingBehind) {
  TemporaryFolder folder;
  const std::vector<Check> checks = examine_disk({folder / "store", folder / "media", 1});
  EXPECT_GE(checks.size(), 7u);
  for (const Check& check : checks) {
    EXPECT_NE(check.result, Check::Result::bad) << check.what << ": " << check.sentence;
    EXPECT_FALSE(check.sentence.empty());
  }
  EXPECT_EQ(find(checks, "hard links")->result, Check::Result::good);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(DoctorOfTheDisk, SaysWhenThereIsTooLittleSpace) {
  TemporaryFolder folder;
  const std::vector<Check> checks = examine_disk({folder / "store", folder / "media", UINT64_MAX});
  EXPECT_EQ(find(checks, "space for store")->result, Check::Result::bad);
  EXPECT_THAT(find(checks, "space for store")->sentence, HasSubstr("publish.reserve"));
}

TEST(DoctorOfTheDisk, SaysWhenAFolderCannotBeWritten) {
  const std::vector<Check> checks = examine_disk({"/proc/store", "/proc/media", 0});
  EXPECT_EQ(find(checks, "writing to store")->result, Check::Result::bad);
  EXPECT_EQ(find(checks, "hard links"), nullptr);
}

TEST(DoctorOfOwners, NamesWhatBelongsToSomebodyElseAndWhatMendsIt) {
  TemporaryFolder folder;
  const OwnerDoctorOptions mine{.root = folder.path(),
                                .store_folder = folder / "store",
                                .media_folder = folder / "media",
                                .reports_folder = folder / "reports",
                                .user = ::geteuid()};
  EXPECT_EQ(examine_owner(mine)[0].result, Check::Result::good);  // nothing is there yet
  make_folders(folder / "store/blobs/ab");
  replace_file(folder / "store/blobs/ab/abcd", "x");
  EXPECT_EQ(examine_owner(mine)[0].result, Check::Result::good);
  OwnerDoctorOptions others = mine;
  others.user = 12345;
  const Check check = examine_owner(others)[0];
  EXPECT_EQ(check.result, Check::Result::bad);
  EXPECT_THAT(check.sentence, HasSubstr("4 files and folders belong to somebody else than 12345, such as " +
                                        (folder / "store").native()));
  EXPECT_THAT(check.sentence, HasSubstr("sudo chown -R 12345 " + (folder / "store").native()));
  // root looks at what is another user's: the folder says whose all of it is to be
  if (::geteuid() != 0) return;
  ASSERT_EQ(::chown(folder.path().c_str(), 12345, 12345), 0);
  others.user = 0;
  EXPECT_EQ(examine_owner(others)[0].result, Check::Result::bad);
}

TEST(DoctorOfTheDisk, SaysWhenStoreAndMediaAreNotOnOneFileSystem) {
  TemporaryFolder folder;
  if (::access("/dev/shm", W_OK) != 0) GTEST_SKIP() << "/dev/shm cannot be written";
  struct stat here {
  }, there{};
  ::stat(folder.path().c_str(), &here);
  ::stat("/dev/shm", &there);
  if (here.st_dev == there.st_dev) GTEST_SKIP() << "/dev/shm is on the file system of the temporary folder";
  const std::vector<Check> checks =
      examine_disk({folder / "store", "/dev/shm/medimirror-doctor-test/media", 1});
  EXPECT_EQ(find(checks, "hard links")->result, Check::Result::warning);
}

// ---------------------------------------------------------------- the service

const std::string kItem =
    R"({"id":1,"type":"photo","formats":{"thumbnail":"/media/thumbnail/1.png"},"meta":{"createdAt":1,"updatedAt":1}})";

class DoctorOfTheService : public testing::Test {
 protected:
  DoctorOfTheService() {
    options.api.key_id = "42";
    options.api.secret = Secret("s");
    options.api.retry.attempts_max = 1;
    options.media_base = "https://media.medipim.be";
    options.allowed_hosts = {"media.medipim.be"};
    options.user_agent = "medimirror/1 (a@b.be)";
    date = format_http_date(clock.unix_now());
    picture = ok(tiny_png(1));
    listing = ok(R"({"meta":{"total":1,"index":0},"result":)" + kItem + "}\n");
  }

  std::vector<Check> examine() {
    transport.answer_with([this](const Request& request) -> std::optional<Reply> {
      asked.push_back(request.url.text());
      if (request.url.text().find("media.medipim.be") != std::string::npos) return picture;
      if (request.url.text().find("stream") != std::string::npos) return listing;
      if (way) return *way;
      return status(404).with("date", date);
    });
    return examine_service(options, transport, clock);
  }
  std::string bad(const std::vector<Check>& checks) const {
    std::string sentences;
    for (const Check& check : checks)
      if (check.result != Check::Result::good) sentences += check.what + ": " + check.sentence + "\n";
    return sentences;
  }

  ManualClock clock;
  FakeTransport transport{clock};
  ServiceDoctorOptions options;
  std::string date;
  std::optional<Reply> way;
  Reply picture, listing;
  std::vector<std::string> asked;
};

TEST_F(DoctorOfTheService, IsContentWithAGoodOneAfterThreeRequests) {
  const std::vector<Check> checks = examine();
  EXPECT_EQ(bad(checks), "");
  EXPECT_EQ(checks.size(), 4u);
  EXPECT_EQ(asked.size(), 3u);
}

TEST_F(DoctorOfTheService, SaysWhatToChange) {
  way = fail(TransferError::resolve);
  EXPECT_THAT(bad(examine()), HasSubstr("resolver"));
  EXPECT_EQ(asked.size(), 1u);  // nothing more is asked for

  way = fail(TransferError::tls);
  EXPECT_THAT(bad(examine()), HasSubstr("ca-certificates"));

  way.reset();
  date = format_http_date(clock.unix_now() - 7200);
  EXPECT_THAT(bad(examine()), HasSubstr("2 h 00 min ahead of"));
  date = format_http_date(clock.unix_now());

  picture = status(403);
  EXPECT_THAT(bad(examine()), HasSubstr("`contact`"));
  picture = ok("<html><title>Just a moment</title></html>");
  EXPECT_THAT(bad(examine()), HasSubstr("Just a moment"));
  picture = ok(tiny_png(1));

  listing =
      status(401, R"({"error":{"status":401,"code":"authentication.not_authenticated","message":"no"}})");
  EXPECT_THAT(bad(examine()), HasSubstr("key: "));
}

TEST_F(DoctorOfTheService, AsksOnlyHostsThatAreAllowed) {
  options.allowed_hosts = {"assets.medipim.be"};
  EXPECT_THAT(bad(examine()), HasSubstr("media.allowed_hosts"));
  EXPECT_EQ(asked.size(), 2u);
}

}  // namespace
}  // namespace medimirror
