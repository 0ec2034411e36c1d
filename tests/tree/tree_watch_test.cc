#include "tree/tree_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "tree/publish_fixture.h"

namespace medimirror {
namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

struct TreeWatch : testing::Test, PublishFixture {
  void SetUp() override {
    for (const MediaId id : {1u, 2u, 1001u, 2001u}) hold(id, "huge", "picture " + std::to_string(id));
    publish();
  }
  TreeLosses look(LookAt how = LookAt::changed_folders) {
    return find_tree_losses(options.media_folder, *index, how);
  }
  PublishResult put_back(LookAt how = LookAt::changed_folders) {
    options.lost = look(how).keys;
    PublishResult result = publish();
    options.lost.clear();
    return result;
  }
  bool is_as_published() { return look(LookAt::everything).keys.empty(); }
};

TEST_F(TreeWatch, WhatWasPublishedIsThere) {
  EXPECT_THAT(look().keys, IsEmpty());
  EXPECT_THAT(look(LookAt::everything).keys, IsEmpty());
}

TEST_F(TreeWatch, AFolderThatIsGoneComesBack) {
  fs::remove_all(media("huge"));
  EXPECT_EQ(put_back().replaced, 4u);
  EXPECT_TRUE(is_as_published());
  EXPECT_THAT(look().keys, IsEmpty());
}

TEST_F(TreeWatch, OneFileThatIsGoneComesBackAlone) {
  fs::remove(media("huge/0/2.jpg"));
  const TreeLosses losses = look();
  EXPECT_THAT(losses.keys, UnorderedElementsAre(AssetKey{2, "huge"}));
  EXPECT_EQ(losses.example, "huge/0/2.jpg");
  options.lost = losses.keys;
  EXPECT_EQ(publish().replaced, 1u);
  EXPECT_TRUE(is_as_published());
}

TEST_F(TreeWatch, AnotherFileInItsPlaceIsReplaced) {
  replace_file(media("huge/1/1001.jpg"), "something else");
  EXPECT_EQ(put_back().replaced, 1u);
  EXPECT_EQ(read_file(media("huge/1/1001.jpg")), "picture 1001");
}

// Written into the file itself: its folder knows nothing of it, so that only a look at everything sees it.
TEST_F(TreeWatch, WhatChangedInPlaceIsSeenByALookAtEverything) {
  const fs::path file = media("huge/2/2001.jpg");
  fs::last_write_time(file, fs::last_write_time(file) + std::chrono::hours(1));
  EXPECT_THAT(look().keys, IsEmpty());
  EXPECT_THAT(look(LookAt::everything).keys, UnorderedElementsAre(AssetKey{2001, "huge"}));
}

TEST_F(TreeWatch, AFileOfTheUsersOwnIsNoLossAndIsLookedAtOnce) {
  replace_file(media("huge/0/readme.txt"), "mine");
  EXPECT_THAT(look().keys, IsEmpty());
  const std::string noted = *index->view().setting("tree_folders");
  EXPECT_THAT(look().keys, IsEmpty());
  EXPECT_EQ(index->view().setting("tree_folders"), noted);
  EXPECT_TRUE(fs::exists(media("huge/0/readme.txt")));
}

TEST_F(TreeWatch, AnIndexThatHasNotedNothingLooksAtEverything) {
  IndexGroup group = index->group();
  group.put_setting("tree_folders", "nonsense\n\n7\n");
  group.commit();
  fs::remove(media("huge/0/1.jpg"));
  EXPECT_THAT(look().keys, IsEmpty());  // nothing is remembered of that folder
  EXPECT_THAT(look(LookAt::everything).keys, UnorderedElementsAre(AssetKey{1, "huge"}));
}

TEST_F(TreeWatch, LaterPublishesKeepTheTimesUpToDate) {
  retire(1001, "huge");
  hold(3, "huge", "picture 3");
  publish();
  EXPECT_THAT(look().keys, IsEmpty());
  fs::remove(media("huge/0/3.jpg"));
  EXPECT_THAT(look().keys, UnorderedElementsAre(AssetKey{3, "huge"}));
}

}  // namespace
}  // namespace medimirror
