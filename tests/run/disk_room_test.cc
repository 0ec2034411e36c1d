// How much may be under way, and when the disk counts as full, by what a store says is free.
#include "run/disk_room.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/local_blob_store.h"
#include "support/forwarding_store.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kMega = 1 << 20;
constexpr RoomSize kWished{100, 64 << 20};

struct MeasuredStore : ForwardingStore {
  using ForwardingStore::ForwardingStore;
  Space space() const override { return free; }
  Space free;
};

struct DiskRoomTest : testing::Test {
  TemporaryFolder folder;
  std::unique_ptr<LocalBlobStore> real = make_local_blob_store({.folder = folder.path()});
  MeasuredStore store{*real};

  void free(std::uint64_t bytes, std::uint64_t files = UINT64_MAX) { store.free = {bytes, files}; }
};

TEST_F(DiskRoomTest, NoMoreIsUnderWayThanTheDiskCanTake) {
  const DiskRoom disk(store, 10 * kMega, 1);
  free(1000 * kMega);
  EXPECT_EQ(disk.room(kWished, {}).bytes, kWished.bytes);
  EXPECT_EQ(disk.room(kWished, {}).items, kWished.items);
  free(14 * kMega);
  EXPECT_EQ(disk.room(kWished, {}).bytes, 3 << 20)
      << "the reserve stays, and a megabyte for the index and the lists";
  EXPECT_EQ(disk.room(kWished, {2048, 0}).bytes, 2 << 20) << "lists that are longer want more";
  EXPECT_FALSE(disk.is_full({}));
  EXPECT_TRUE(disk.is_full({1'000'000, 0}));
  free(11 * kMega);
  EXPECT_EQ(disk.room(kWished, {}).bytes, 0);
  EXPECT_TRUE(disk.is_full({}));
  EXPECT_THAT(disk.sentence({}), HasSubstr("publish.reserve"));
  free(0);
  EXPECT_EQ(disk.room(kWished, {UINT32_MAX, 0}).bytes, 0);
}

TEST_F(DiskRoomTest, DerivativesTakeRoomToo) {
  free(20 * kMega, 1000 + 39);
  const DiskRoom disk(store, 0, 4);
  EXPECT_EQ(disk.room(kWished, {}).bytes, 19 * static_cast<std::int64_t>(kMega) / 2);
  EXPECT_EQ(disk.room(kWished, {}).items, 9);
}

TEST_F(DiskRoomTest, InodesRunOutLikeBytes) {
  const DiskRoom disk(store, 0, 1);
  free(UINT64_MAX, 1000);
  EXPECT_EQ(disk.room(kWished, {}).items, 0);
  EXPECT_TRUE(disk.is_full({}));
  EXPECT_THAT(disk.sentence({}), HasSubstr("inodes"));
  free(UINT64_MAX, 1030);
  EXPECT_EQ(disk.room(kWished, {20, 20}).items, 30);
  store.free.links_take_files = true;
  EXPECT_EQ(disk.room(kWished, {20, 20}).items, 5) << "a name in the tree counts as well";
}

}  // namespace
}  // namespace medimirror
