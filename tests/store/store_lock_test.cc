#include "store/store_lock.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <optional>

#include "base/error.h"
#include "base/user.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

using testing::HasSubstr;

// The sentence of the refusal; nothing when the lock was taken.
std::optional<std::string> refusal(const std::filesystem::path& folder) {
  try {
    const StoreLock lock(folder, "verify");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::locked);
    return error.what();
  }
  return std::nullopt;
}

TEST(StoreLock, IsHeldByOneAndFreeAfterwards) {
  const TemporaryFolder folder;
  {
    const StoreLock lock(folder / "store", "sync --full");
    const auto sentence = refusal(folder / "store");
    ASSERT_TRUE(sentence);
    EXPECT_THAT(*sentence, HasSubstr("pid " + std::to_string(::getpid()) + " on host "));
    EXPECT_THAT(*sentence, HasSubstr(": sync --full"));
    EXPECT_THAT(*sentence, HasSubstr("wait for it or stop it"));
  }
  EXPECT_FALSE(refusal(folder / "store"));
}

// A process that was killed while it started another one lives on in that one's descriptors, until they are closed.
TEST(StoreLock, WaitsForAnOwnerThatIsDying) {
  const TemporaryFolder folder;
  const pid_t owner = ::fork();
  if (owner == 0) {
    const StoreLock lock(folder.path(), "sync");
    if (::fork() == 0) {
      ::usleep(200'000);
      ::_exit(0);
    }
    ::_exit(0);
  }
  ::waitpid(owner, nullptr, 0);
  EXPECT_FALSE(refusal(folder.path()));
}

TEST(StoreLock, IsForItsOwnerAlone) {
  const TemporaryFolder folder;
  const UniqueFd open_to_all = open_file(folder / "lock", O_RDWR | O_CREAT, 0644);
  const StoreLock lock(folder.path(), "sync");
  struct stat info {};
  ASSERT_EQ(::stat((folder / "lock").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST(StoreLock, RootIsRefusedInTheFolderOfAnotherUser) {
  const TemporaryFolder folder;
  constexpr uid_t kSomebody = 12345;
  const bool is_root = ::geteuid() == 0;
  if (is_root) {
    ASSERT_EQ(::chown(folder.path().c_str(), kSomebody, kSomebody), 0);
  }
  const uid_t user = is_root ? kSomebody : ::geteuid();
  for (const std::filesystem::path& place : {folder.path(), folder / "store", folder / "a" / "b" / "store"}) {
    try {
      refuse_root_where_others_own(place, 0);
      FAIL() << place;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_THAT(error.what(),
                  HasSubstr(folder.path().native() + " belongs to the user " + user_name(user)));
      EXPECT_THAT(error.what(), HasSubstr("sudo -u " + sudo_word(user) + " medimirror"));
    }
  }
  refuse_root_where_others_own(folder / "store",
                               kSomebody);  // the owner, or somebody who finds out by himself
  refuse_root_where_others_own("/", 0);
  if (is_root) {
    EXPECT_THROW(StoreLock(folder / "store", "sync"), Error);
  }
}

TEST(StoreLock, DiesWithItsOwnerHoweverThatEnds) {
  const TemporaryFolder folder;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const StoreLock lock(folder.path(), "sync");
    const char byte = 'x';
    if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  const auto sentence = refusal(folder.path());
  ASSERT_TRUE(sentence);
  EXPECT_THAT(*sentence, HasSubstr("pid " + std::to_string(child) + " "));
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_FALSE(refusal(folder.path()));
  ::close(ready[0]);
  ::close(ready[1]);
}

}  // namespace
}  // namespace medimirror
