// No name that was read, and no link that somebody put there, leads out of a folder of ours.
#include "base/below.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temporary_folder.h"

namespace medimirror {
namespace {

namespace fs = std::filesystem;

TEST(StaysBelow, RelativeNamesWithoutWaysOut) {
  for (const char* good : {"a", "huge/0/1.jpg", "by-cnk/...", "a..b/c", ".hidden/x"})
    EXPECT_TRUE(stays_below(good)) << good;
  for (const char* bad : {"", "/", "/etc/passwd", "..", "../x", "a/../b", "a/..", "a//b", "a/", "./a", "a/."})
    EXPECT_FALSE(stays_below(bad)) << bad;
  EXPECT_FALSE(stays_below(std::string_view("a\0b", 3)));
}

TEST(WhichFolder, ALinkOnTheWayIsNoFolderOfOurs) {
  const TemporaryFolder folder;
  const std::string root = folder / "root";
  fs::create_directories(folder / "root/a/b");
  fs::create_directories(folder / "outside/b");
  fs::create_directory_symlink(folder / "outside", folder / "root/out");
  fs::create_directory_symlink("a", folder / "root/inside");
  std::ofstream(folder / "root/file") << "x";
  EXPECT_EQ(which_folder(root, ""), FolderBelow::there);
  EXPECT_EQ(which_folder(root, "a/b"), FolderBelow::there);
  EXPECT_EQ(which_folder(root, "a/c"), FolderBelow::absent);
  EXPECT_EQ(which_folder(root, "x/y"), FolderBelow::absent);
  for (const char* blocked :
       {"out", "out/b", "inside", "inside/b", "file", "file/b", "..", "a/../../outside", "/tmp"})
    EXPECT_EQ(which_folder(root, blocked), FolderBelow::blocked) << blocked;
  fs::create_directory_symlink(folder / "root", folder / "link");
  EXPECT_EQ(which_folder(folder / "link", "a/b"), FolderBelow::there)
      << "where the root lies is the user's choice";
  EXPECT_EQ(which_folder(folder / "nowhere", "a"), FolderBelow::absent);
}

}  // namespace
}  // namespace medimirror
