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
