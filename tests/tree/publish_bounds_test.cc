// What a publish leaves alone: what lies outside of the tree, whatever our own files and links in it say, and what the caller
// holds.
#include <gtest/gtest.h>

#include "tree/journal.h"
#include "tree/publish_fixture.h"

namespace medimirror {
namespace {

namespace fs = std::filesystem;

struct PublishBounds : PublishFixture, testing::Test {};

TEST_F(PublishBounds, NeitherALinkNorAJournalLeadsOutOfTheTree) {
  hold(1, "huge", "a");
  hold(2, "large", "b");
  publish();
  const fs::path outside = folder / "outside";
  fs::create_directories(outside / "0");
  replace_file(outside / "victim", "theirs");
  replace_file(outside / "0" / "1.jpg", "theirs");
  fs::rename(media("huge"), folder / "aside");
  fs::create_directory_symlink(outside, media("huge"));
  replace_file(journal_file(options.changes_file),
               "x\t1\t\t-\t0\t0\t\t../outside/victim\nx\t1\t\t-\t0\t0\t\t" + (outside / "victim").native() +
                   "\nx\t2\t\t-\t0\t0\t\thuge/victim\n");
  hold(1, "huge", "a new one");
  hold(3, "huge", "c");
  const PublishResult result = publish();
  EXPECT_EQ(result.clashes.size(), 2u);
  EXPECT_EQ(read_file(outside / "victim"), "theirs");
  EXPECT_EQ(read_file(outside / "0" / "1.jpg"), "theirs");
  EXPECT_FALSE(fs::exists(outside / "0" / "3.jpg"));
  retire(1, "huge");
  publish();
  EXPECT_EQ(read_file(outside / "0" / "1.jpg"), "theirs");
}

// What the caller holds: their files, derivatives and all, stay until another publish may touch them.
TEST_F(PublishBounds, WhatIsHeldStaysAsItIsAndIsLookedAtAgain) {
  for (const MediaId id : {1, 2, 3}) hold(id, "huge", std::to_string(id));
  publish();
  for (const MediaId id : {1, 2, 3}) hold(id, "huge", "new " + std::to_string(id));
  EXPECT_EQ(plan().renewals.size(), 3u);
  options.held = {1, 3};
  const PublishResult result = publish();
  EXPECT_EQ(result.replaced, 1u);
  EXPECT_EQ(read_file(media("huge/0/1.jpg")), "1");
  EXPECT_EQ(read_file(media("huge/0/2.jpg")), "new 2");
  EXPECT_EQ(plan().renewals.size(), 0u);
  options.held.clear();
  EXPECT_EQ(publish().replaced, 2u);
  EXPECT_EQ(read_file(media("huge/0/3.jpg")), "new 3");
}

}  // namespace
}  // namespace medimirror
