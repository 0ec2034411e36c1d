#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

namespace fs = std::filesystem;

std::size_t entries(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(FileTest, ReplacesWhole) {
  const TemporaryFolder folder;
  replace_file(folder / "a", "one");
  replace_file(folder / "a", "two", 0600);
  EXPECT_EQ(read_file(folder / "a"), "two");
  EXPECT_EQ(entries(folder.path()), 1u) << "no temporary file is left";
}

TEST(FileTest, WhatIsNotCommittedIsNotPublished) {
  const TemporaryFolder folder;
  replace_file(folder / "a", "old");
  {
    AtomicFile file(folder / "a");
    file.write(std::string(1'000'000, 'x'));
  }
  EXPECT_EQ(read_file(folder / "a"), "old");
  EXPECT_EQ(entries(folder.path()), 1u);
}

TEST(FileTest, ManyPiecesMakeOneFile) {
  const TemporaryFolder folder;
  std::string expected;
  AtomicFile file(folder / "a");
  for (int i = 0; i < 100'000; ++i) {
    file.write("line\n");
    expected += "line\n";
  }
  file.commit();
  EXPECT_EQ(read_file(folder / "a"), expected);
}

TEST(FileTest, WhatAPersonNamesIsAFileToReplaceOrElseWrittenTo) {
  const TemporaryFolder folder;
  replace_file(folder / "file", "old");
  std::filesystem::create_symlink("file", folder / "link");
  std::filesystem::create_symlink("/dev/null", folder / "device");
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(file_to_replace(folder / "new"), folder / "new");
  EXPECT_EQ(file_to_replace(folder / "file"), folder / "file");
  EXPECT_EQ(file_to_replace(folder / "link"), folder / "file");
  for (const std::filesystem::path& special :
       {std::filesystem::path("/dev/null"), folder / "device", folder / "pipe"})
    EXPECT_EQ(file_to_replace(special), "") << special;
  EXPECT_THROW(file_to_replace(folder.path()), Error);
}

// Neither the rest of a killed process of the same number nor a link that somebody put there is written through.
TEST(FileTest, ATemporaryNameThatIsTakenIsTakenAway) {
  const TemporaryFolder folder;
  replace_file(folder / "victim", "mine");
  std::filesystem::create_symlink("victim", folder / (".a." + std::to_string(::getpid()) + ".tmp"));
  replace_file(folder / "a", "new");
  EXPECT_EQ(read_file(folder / "victim"), "mine");
  EXPECT_EQ(read_file(folder / "a"), "new");
  EXPECT_FALSE(std::filesystem::is_symlink(folder / "a"));
}

TEST(FileTest, ReadsFilesWhoseSizeIsNotKnown) {
  EXPECT_FALSE(read_file("/proc/self/status").empty());
  EXPECT_EQ(read_file_if_exists("/nowhere/at/all"), std::nullopt);
  const TemporaryFolder folder;
  replace_file(folder / "empty", "");
  EXPECT_EQ(read_file(folder / "empty"), "");
}

TEST(FileTest, FailuresNameTheFileAndTheKind) {
  try {
    read_file("/nowhere/at/all");
    FAIL() << "must throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::disk);
    EXPECT_NE(std::string(error.what()).find("/nowhere/at/all"), std::string::npos);
  }
}

TEST(FileTest, AFullDiskSaysWhatToDo) {
  if (::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "there is no /dev/full here";
  const UniqueFd full = open_file("/dev/full", 1 /* O_WRONLY */);
  try {
    write_all(full.get(), "x", "/dev/full");
    FAIL() << "must throw";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("free some space"), std::string::npos) << error.what();
  }
}

TEST(FileTest, ADescriptorIsClosedOnceByItsLastOwner) {
  const TemporaryFolder folder;
  UniqueFd a = open_file(folder / "a", 0102 /* O_RDWR | O_CREAT */);
  const int number = a.get();
  UniqueFd b = std::move(a);
  EXPECT_FALSE(a);  // NOLINT: what a moved-from descriptor is, is the point
  EXPECT_EQ(b.get(), number);
  b.reset();
  struct stat info {};
  EXPECT_NE(::fstat(number, &info), 0);
}

}  // namespace
}  // namespace medimirror
