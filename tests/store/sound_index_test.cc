#include "store/sound_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

using testing::HasSubstr;

struct SoundIndexTest : testing::Test {
  TemporaryFolder folder;
  std::filesystem::path store = folder / "store";

  void make_index() { Index::open(store / "index", {}); }
  void make_blob() {
    make_folders(store / "blobs");
    replace_file(store / "blobs" / "some", "bytes");
  }
  void overwrite_index() {
    make_folders(store / "index");
    replace_file(store / "index" / "data.mdb", std::string(40'000, '\0'));
  }
  // Empty: it opens.
  std::string refusal(IndexCheck check) {
    try {
      open_sound_index(store, check);
      return "";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::index);
      return error.what();
    }
  }
};

TEST_F(SoundIndexTest, IsMadeWhereNothingIsKeptYet) {
  EXPECT_EQ(refusal(IndexCheck::not_lost), "");
  EXPECT_EQ(refusal(IndexCheck::not_lost), "");
}

TEST_F(SoundIndexTest, IsNotMadeAnewWhereThereAreBlobs) {
  make_blob();
  EXPECT_THAT(refusal(IndexCheck::not_lost), HasSubstr("everything would be fetched anew"));
  EXPECT_FALSE(std::filesystem::exists(store / "index"));
}

TEST_F(SoundIndexTest, OneThatWasJustBeingMadeIsBegunAnewWhereThereAreNoBlobs) {
  overwrite_index();
  EXPECT_EQ(refusal(IndexCheck::not_lost), "");
}

TEST_F(SoundIndexTest, ADamagedOneIsNotTakenAwayWhereThereAreBlobs) {
  make_blob();
  overwrite_index();
  EXPECT_NE(refusal(IndexCheck::not_lost), "");
  EXPECT_THAT(refusal(IndexCheck::every_page), HasSubstr("is damaged"));
  EXPECT_TRUE(std::filesystem::exists(store / "index" / "data.mdb"));
}

TEST_F(SoundIndexTest, WhoNeedsAllOfItMakesNone) {
  make_folders(store);
  EXPECT_THAT(refusal(IndexCheck::every_page), HasSubstr("there is no index"));
  EXPECT_FALSE(std::filesystem::exists(store / "index"));
  make_index();
  EXPECT_EQ(refusal(IndexCheck::every_page), "");
}

TEST_F(SoundIndexTest, TheLockComesBeforeTheIndex) {
  make_index();
  const StoreLock other(store, "sync");
  overwrite_index();
  try {
    const LockedStore locked(store, "gc", IndexCheck::every_page);
    ADD_FAILURE() << "it opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::locked);
  }
}

TEST_F(SoundIndexTest, IsReadBesideWhoWrites) {
  make_index();
  const LockedStore locked(store, "sync", IndexCheck::not_lost);
  EXPECT_EQ(locked.index->view().asset_count(), 0u);
}

}  // namespace
}  // namespace medimirror
