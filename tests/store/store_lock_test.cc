#include "store/store_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <optional>

#include "base/error.h"
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
