#include "store/local_blob_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "base/error.h"
#include "store/blob_store_contract.h"

namespace medimirror {

namespace fs = std::filesystem;

INSTANTIATE_TEST_SUITE_P(LocalBlobStore, BlobStoreContract, testing::Values([](const fs::path& folder) {
                           return make_local_blob_store({folder, true});
                         }));

namespace {

using testing::HasSubstr;

struct stat look_at(const fs::path& path) {
  struct stat info {};
  EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
  return info;
}

class LocalBlobStoreTest : public testing::Test {
 protected:
  fs::path path_of(const Digest& digest) const {
    return folder_ / "store" / "blobs" / digest.hex().substr(0, 2) / digest.hex().substr(2);
  }
  Digest put(std::string_view bytes, UnixSeconds mtime = 1'700'000'000) {
    const StagedBlob blob = store_->stage(sha256(bytes), bytes, mtime);
    store_->commit({&blob, 1});
    return blob.digest;
  }
  std::size_t staged() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder_ / "store" / "tmp")) ++count;
    return count;
  }

  TemporaryFolder folder_;
  std::unique_ptr<LocalBlobStore> store_ = make_local_blob_store({folder_ / "store", true});
};

TEST_F(LocalBlobStoreTest, FilesAreReadOnlyForAllAndKeepTheirTime) {
  const mode_t before = ::umask(077);
  const Digest digest = put("a", 1'234'567'890);
  ::umask(before);
  EXPECT_EQ(look_at(path_of(digest)).st_mode & 07777, 0444u);
  EXPECT_EQ(look_at(path_of(digest)).st_mtim.tv_sec, 1'234'567'890);
  EXPECT_EQ(staged(), 0u);
}

TEST_F(LocalBlobStoreTest, OnlyWhatItStagedIsSwept) {
  put("a");
  const fs::path theirs = folder_ / "store" / "tmp" / "notes.txt",
                 left = folder_ / "store" / "tmp" / "4711-3";
  replace_file(theirs, "theirs");
  replace_file(left, "left by a run that was killed");
  store_->sweep();
  EXPECT_TRUE(fs::exists(theirs));
  EXPECT_FALSE(fs::exists(left));
}

TEST_F(LocalBlobStoreTest, AFolderBehindALinkIsNeverSweptNorWrittenTo) {
  put("a");
  const fs::path elsewhere = folder_ / "elsewhere", staging = folder_ / "store" / "tmp";
  fs::create_directories(elsewhere);
  replace_file(elsewhere / "1-1", "theirs");
  fs::remove(staging);
  fs::create_directory_symlink(elsewhere, staging);
  EXPECT_THROW(store_->sweep(), Error);
  EXPECT_TRUE(fs::exists(elsewhere / "1-1"));
  const auto again = make_local_blob_store({folder_ / "store", true});
  EXPECT_THROW(again->stage(sha256("b"), "b", 1), Error);
}

TEST_F(LocalBlobStoreTest, ANameThatIsThereIsNotRewritten) {
  const Digest digest = put("a");
  const ino_t before = look_at(path_of(digest)).st_ino;
  put("a", 1);
  EXPECT_EQ(look_at(path_of(digest)).st_ino, before);
  EXPECT_EQ(look_at(path_of(digest)).st_mtim.tv_sec, 1'700'000'000);
  EXPECT_EQ(staged(), 0u);
}

TEST_F(LocalBlobStoreTest, AFileOfAnotherSizeIsDamageAndIsReplaced) {
  const Digest digest = put("abc");
  fs::remove(path_of(digest));
  replace_file(path_of(digest), "");
  put("abc");
  EXPECT_EQ(store_->read(digest), "abc");
}

TEST_F(LocalBlobStoreTest, AFileOfTheRightSizeWithOtherBytesIsDamageAndIsReplaced) {
  const Digest digest = put("picture");
  fs::remove(path_of(digest));
  std::ofstream(path_of(digest)) << "PICTURE";
  put("picture");
  EXPECT_EQ(store_->read(digest), "picture");
  EXPECT_EQ(staged(), 0u);
}

TEST_F(LocalBlobStoreTest, MoreStagedThanDescriptorsAreKeptOpenIsFine) {
  std::vector<StagedBlob> group;
  for (std::size_t i = 0; i < kStagedOpenMax + 20; ++i) {
    Digest digest;  // all in one folder, since making folders is slow
    digest.bytes[30] = static_cast<std::uint8_t>(i >> 8);
    digest.bytes[31] = static_cast<std::uint8_t>(i);
    group.push_back(store_->stage(digest, "x", 1));
  }
  store_->commit(group);
  for (const StagedBlob& blob : group) EXPECT_TRUE(store_->has(blob.digest));
  EXPECT_EQ(staged(), 0u);
}

TEST_F(LocalBlobStoreTest, StrangersInTheFoldersAreNotListed) {
  put("a");
  replace_file(folder_ / "store" / "blobs" / "README", "not ours");
  fs::create_directories(folder_ / "store" / "blobs" / "ab");
  replace_file(folder_ / "store" / "blobs" / "ab" / "notes", "not ours");
  std::size_t count = 0;
  store_->each([&](const Digest&, std::uint64_t) { return ++count, true; });
  EXPECT_EQ(count, 1u);
}

TEST_F(LocalBlobStoreTest, PlacesABlobUnderAName) {
  const Digest first = put("first"), second = put("second");
  const fs::path target = folder_ / "media" / "huge" / "0" / "1.jpg";
  EXPECT_NE(store_->place(first, target).how, Placement::How::already_there);
  EXPECT_EQ(read_file(target), "first");
  EXPECT_EQ(store_->place(first, target).how, Placement::How::already_there);
  EXPECT_NE(store_->place(second, target).how, Placement::How::already_there);
  EXPECT_EQ(read_file(target), "second");
  EXPECT_EQ(store_->read(first), "first");
  std::size_t names = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(target.parent_path())) ++names;
  EXPECT_EQ(names, 1u) << "nothing temporary is left";
}

TEST_F(LocalBlobStoreTest, PlacedStaysWhenTheBlobGoes) {
  const Digest digest = put("a");
  store_->place(digest, folder_ / "1.jpg");
  store_->remove(digest);
  EXPECT_EQ(read_file(folder_ / "1.jpg"), "a");
}

TEST_F(LocalBlobStoreTest, PlacingIsAHardLink) {
  const Digest digest = put("a");
  EXPECT_EQ(store_->place(digest, folder_ / "media" / "1.jpg").how, Placement::How::linked);
  EXPECT_EQ(look_at(folder_ / "media" / "1.jpg").st_ino, look_at(path_of(digest)).st_ino);
  // Another file with the same bytes, size and time is not the blob.
  fs::remove(folder_ / "media" / "1.jpg");
  fs::copy_file(path_of(digest), folder_ / "media" / "1.jpg");
  fs::last_write_time(folder_ / "media" / "1.jpg", fs::last_write_time(path_of(digest)));
  EXPECT_EQ(store_->place(digest, folder_ / "media" / "1.jpg").how, Placement::How::linked);
  EXPECT_EQ(look_at(folder_ / "media" / "1.jpg").st_ino, look_at(path_of(digest)).st_ino);
}

TEST_F(LocalBlobStoreTest, PlacingTakesOverWhatADeadRunLeft) {
  const Digest digest = put("a");
  replace_file(folder_ / "1.jpg", "old");
  replace_file(folder_ / kPlaceTemporaryName, "left");
  EXPECT_EQ(store_->place(digest, folder_ / "1.jpg").how, Placement::How::linked);
  EXPECT_EQ(read_file(folder_ / "1.jpg"), "a");
  EXPECT_FALSE(fs::exists(folder_ / kPlaceTemporaryName));
}

TEST_F(LocalBlobStoreTest, PlacingWhatIsMissingSaysSo) {
  try {
    store_->place(sha256("a"), folder_ / "1.jpg");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::disk);
    EXPECT_THAT(error.what(), HasSubstr("medimirror repair"));
  }
  EXPECT_FALSE(fs::exists(folder_ / "1.jpg"));
}

TEST_F(LocalBlobStoreTest, BeyondTheLinkLimitCopiesArePlaced) {
  const Digest digest = put("popular");
  const UniqueFd media = [&] {
    fs::create_directories(folder_ / "media");
    return open_file(folder_ / "media", O_RDONLY | O_DIRECTORY);
  }();
  int links = 0;
  for (; links < 70'000; ++links)
    if (::linkat(AT_FDCWD, path_of(digest).c_str(), media.get(), std::to_string(links).c_str(), 0) != 0)
      break;
  if (links == 70'000) GTEST_SKIP() << "this file system takes more than 70 000 links a file";
  ASSERT_EQ(errno, EMLINK);

  const fs::path target = folder_ / "media" / "one-more.jpg";
  const Placement::How how = store_->place(digest, target).how;
  EXPECT_TRUE(how == Placement::How::copied || how == Placement::How::cloned);
  EXPECT_EQ(read_file(target), "popular");
  EXPECT_EQ(look_at(target).st_mode & 07777, 0444u);
  EXPECT_EQ(look_at(target).st_mtim.tv_sec, 1'700'000'000);
  EXPECT_EQ(store_->place(digest, target).how, Placement::How::already_there);
  fs::remove(target);
  replace_file(target, "old");
  EXPECT_EQ(store_->place(digest, target).how, how) << "over an older file too";
  EXPECT_EQ(read_file(target), "popular");
}

// A small file system of its own, where the machine lets us.
class SmallDisk {
 public:
  explicit SmallDisk(const fs::path& folder, const std::string& options) : folder_(folder) {
    fs::create_directories(folder);
    mounted_ = ::mount("tmpfs", folder.c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }

 private:
  fs::path folder_;
  bool mounted_ = false;
};

TEST_F(LocalBlobStoreTest, AFullDiskEndsTheRunInASentenceAndTheNextRunGoesOn) {
  const SmallDisk disk(folder_ / "small", "size=2m");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a small tmpfs needs root";
  const auto store = make_local_blob_store({folder_ / "small" / "store", true});
  std::vector<Digest> kept;
  std::string sentence;
  try {
    for (int i = 0; i < 100; ++i) {
      const std::string bytes = std::to_string(i) + std::string(100'000, 'x');
      const StagedBlob blob = store->stage(sha256(bytes), bytes, 1);
      store->commit({&blob, 1});
      kept.push_back(blob.digest);
    }
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::disk);
    sentence = error.what();
  }
  EXPECT_THAT(sentence, HasSubstr("No space left on device; free some space and run again"));
  EXPECT_GT(kept.size(), 5u);
  EXPECT_EQ(fs::is_empty(folder_ / "small" / "store" / "tmp"), true)
      << "what did not fit is not left half-written";
  EXPECT_LT(store->space().bytes_free, 110'000u);
  for (const Digest& digest : kept) EXPECT_EQ(sha256(*store->read(digest)), digest);

  store->remove(kept.back());
  const std::string bytes = "small";
  const StagedBlob blob = store->stage(sha256(bytes), bytes, 1);
  store->commit({&blob, 1});
  EXPECT_EQ(store->read(blob.digest), bytes);
}

TEST_F(LocalBlobStoreTest, OnAnotherFileSystemCopiesArePlaced) {
  const SmallDisk disk(folder_ / "other", "size=1m");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a small tmpfs needs root";
  const Digest digest = put("a");
  const fs::path target = folder_ / "other" / "huge" / "1.jpg";
  EXPECT_EQ(store_->place(digest, target).how, Placement::How::copied);
  EXPECT_EQ(store_->place(digest, target).how, Placement::How::already_there);
  // Another picture with the same size and time: only its bytes tell.
  const Digest other = put("b");
  EXPECT_EQ(store_->place(other, target).how, Placement::How::copied);
  EXPECT_EQ(read_file(target), "b");
}

}  // namespace
}  // namespace medimirror
