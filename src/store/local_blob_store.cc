// The save recipe. stage(): write, mode, time. commit(): make the files of the group durable, rename each, make the
// touched folders durable. A few files (or folders) are synced one by one, from kSyncThreads threads; for more of them
// one syncfs does it, where its answer can be trusted (tells_of_failed_writes below).
//
// Why so. A whole sync of 10 000 files of 45 KB from nginx on the same 2 cores (ext4 on a virtio disk), as a multiple of
// what `curl -Z` takes to write them without any sync, median of four turns in which all took part:
//   no sync at all                                        1.10
//   fsync of each file and folder, groups as they come    2.25
//   fsync of each, groups at least 100 ms apart           1.60
//   the same, write-back started by sync_file_range       1.44
//   syncfs, groups as they come                           1.40
//   syncfs, groups at least 100 ms apart                  1.27
// Chosen since: 250 ms apart, or 1 024 pictures if they come sooner (writer.cc): 0.90 of the time of 100 ms in that sync, and
// 0.97 where 1 000 photos are decoded and few come in 100 ms. 250 ms alone took 1.2 times as long: the room ran out.
// With fsync, each call that finds its journal transaction committed still flushes the disk's cache; syncfs writes all
// there is, commits once and flushes once. Its price: it also writes back what other programs left on that file system,
// which is why small groups do without it.
#include "store/local_blob_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bitset>
#include <cerrno>
#include <cstdio>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/ascii.h"
#include "base/descriptors.h"
#include "base/error.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/sha256.h"
#include "store/blob_files.h"
#include "store/place.h"

namespace medimirror {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kSyncThreads = 16;
constexpr std::size_t kSyncedSinglyMax = 64;  // files, or folders
constexpr std::uint32_t kTmpfs = 0x01021994;

// Whether syncfs says that some write-back failed since `fd` was opened: since Linux 5.8, and where each file's data
// goes to a disk of this machine. Others (overlays, networks, FUSE) may not pass the call on, or not its answer.
bool tells_of_failed_writes(int fd) {
  struct utsname kernel {};
  unsigned major = 0, minor = 0;
  if (::uname(&kernel) != 0 || std::sscanf(kernel.release, "%u.%u", &major, &minor) != 2) return false;
  if (std::pair(major, minor) < std::pair(5U, 8U)) return false;
  struct statfs info {};
  if (::fstatfs(fd, &info) != 0) return false;
  constexpr std::array<std::uint32_t, 4> kLocal = {0xEF53 /* ext4 */, 0x58465342 /* XFS */,
                                                   0x9123683E /* btrfs */, 0xF2F52010 /* F2FS */};
  return std::ranges::find(kLocal, static_cast<std::uint32_t>(info.f_type)) != kLocal.end();
}

// A name that stage() gives: the number of a process, and of the blob in it.
bool is_token(std::string_view name) {
  const auto dash = name.find('-');
  if (dash == name.npos || dash == 0 || dash + 1 == name.size()) return false;
  return std::ranges::all_of(name, [](char c) { return is_digit(c) || c == '-'; });
}

class DiskBlobs final : public LocalBlobStore {
 public:
  explicit DiskBlobs(const LocalBlobStoreOptions& options)
      : folder_(options.folder),
        blobs_(blobs_folder(folder_)),
        staging_(folder_ / "tmp"),
        durable_(options.durable) {}

  bool has(const Digest& digest) const override { return ::access(path_of(digest).c_str(), F_OK) == 0; }
  StagedBlob stage(const Digest& digest, std::string_view bytes, UnixSeconds mtime) override;
  void commit(std::span<const StagedBlob> group) override;
  void discard(const StagedBlob& blob) override;

  std::optional<std::string> read(const Digest& digest) const override {
    return read_file_if_exists(path_of(digest));
  }
  Placement place(const Digest& digest, const std::string& target) override {
    return place_file(path_of(digest), target, durable_);
  }
  void each(const std::function<bool(const Digest&, std::uint64_t bytes)>& callback) const override;
  void remove(const Digest& digest) override;
  void sweep() override;
  Space space() const override;

 private:
  fs::path path_of(const Digest& digest) const { return blob_path(folder_, digest); }
  fs::path path_of(const StagedBlob& blob) const { return staging_ / blob.token; }

  using Fans = std::bitset<256>;  // folders of blobs/, by the first byte of the digest
  fs::path path_of_fan(std::size_t fan) const { return blobs_ / fmt::format("{:02x}", fan); }

  void refuse_links() const;
  void make_layout();
  void make_fans(const Fans& touched);
  void keep_open(const std::string& token, UniqueFd fd, const fs::path& path);
  UniqueFd take_open(const std::string& token);
  void sync_staged(const std::vector<StagedBlob>& group);
  void sync_fans(const Fans& touched);
  void sync_file_system();
  std::vector<StagedBlob> without_repetition(std::span<const StagedBlob> group);
  bool is_there(const StagedBlob& blob) const;

  const fs::path folder_, blobs_, staging_;
  const bool durable_;
  const std::size_t staged_open_max_ = affordable_descriptors(kStagedOpenMax);
  const std::size_t sync_threads_ = affordable_descriptors(kSyncThreads);
  std::once_flag layout_made_;
  UniqueFd file_system_;  // opened before anything is staged; empty where syncfs is not to be trusted
  Fans known_fans_;       // durable for certain; commit()'s thread only
  std::atomic<std::uint64_t> staged_count_{0};
  std::mutex open_mutex_;
  std::unordered_map<std::string, UniqueFd> open_;  // staged and not synced yet, by token
};

// What is staged is renamed into blobs/, and what is left there is removed: behind a link it would be somebody else's.
void DiskBlobs::refuse_links() const {
  for (const fs::path& folder : {staging_, blobs_}) {
    struct stat info {};
    if (::lstat(folder.c_str(), &info) != 0 || S_ISDIR(info.st_mode)) continue;
    throw Error(
        ErrorKind::disk,
        fmt::format(
            "{} is {}, and must be a folder of the store's own: take it away and run again; to put the "
            "store where there is more space, move all of it and set store_dir",
            folder.native(), S_ISLNK(info.st_mode) ? "a link" : "no folder"),
        "open the store");
  }
}

void DiskBlobs::make_layout() {
  refuse_links();
  make_folders(staging_);
  make_folders(blobs_);
  if (!durable_) return;
  UniqueFd fd = open_file(staging_, O_RDONLY | O_DIRECTORY);
  if (tells_of_failed_writes(fd.get())) file_system_ = std::move(fd);
  sync_folder(folder_);
  if (folder_.has_parent_path()) sync_folder(folder_.parent_path());
}

// Makes the folders that are missing, durably. A folder that is found is synced too when this process sees it
// first: a run that died may have made it and not come to the sync.
void DiskBlobs::make_fans(const Fans& touched) {
  bool any_is_new = false;
  for (std::size_t fan = 0; fan < touched.size(); ++fan) {
    if (!touched[fan] || known_fans_[fan]) continue;
    const fs::path folder = path_of_fan(fan);
    if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST)
      throw_errno(errno, fmt::format("make the folder {}", folder.native()));
    any_is_new = true;
  }
  if (any_is_new && durable_) sync_folder(blobs_);
  known_fans_ |= touched;
}

StagedBlob DiskBlobs::stage(const Digest& digest, std::string_view bytes, UnixSeconds mtime) {
  std::call_once(layout_made_, [this] { make_layout(); });
  StagedBlob blob{digest, bytes.size(), fmt::format("{}-{}", ::getpid(), staged_count_.fetch_add(1))};
  const fs::path path = path_of(blob);
  UniqueFd fd = open_file(path, O_WRONLY | O_CREAT | O_EXCL, kBlobFileMode);
  try {
    write_all(fd.get(), bytes, path);
    const timespec times[2] = {{mtime, 0}, {mtime, 0}};
    // The mode again, because the umask may have taken away what a web server needs.
    if (::fchmod(fd.get(), kBlobFileMode) != 0 || ::futimens(fd.get(), times) != 0)
      throw_errno(errno, fmt::format("set the mode and time of {}", path.native()));
    keep_open(blob.token, std::move(fd), path);
  } catch (...) {
    ::unlink(path.c_str());
    throw;
  }
  return blob;
}

void DiskBlobs::keep_open(const std::string& token, UniqueFd fd, const fs::path& path) {
  if (!durable_) return;
  {
    const std::lock_guard lock(open_mutex_);
    if (open_.size() < staged_open_max_) {
      open_.emplace(token, std::move(fd));
      return;
    }
  }
  if (!file_system_) sync_file(fd.get(), path);
}

UniqueFd DiskBlobs::take_open(const std::string& token) {
  const std::lock_guard lock(open_mutex_);
  const auto found = open_.find(token);
  if (found == open_.end()) return {};
  UniqueFd fd = std::move(found->second);
  open_.erase(found);
  return fd;
}

// A file under that name with other bytes is damage; it is replaced. Reading it is rare: what the index knows is not
// staged, so it was left by a run that was killed, or two threads met the same picture.
bool DiskBlobs::is_there(const StagedBlob& blob) const {
  struct stat info {};
  if (::stat(path_of(blob.digest).c_str(), &info) != 0 || !S_ISREG(info.st_mode) ||
      static_cast<std::uint64_t>(info.st_size) != blob.bytes)
    return false;
  return sha256(read_file(path_of(blob.digest))) == blob.digest;
}

std::vector<StagedBlob> DiskBlobs::without_repetition(std::span<const StagedBlob> group) {
  std::vector<StagedBlob> fresh;
  std::unordered_set<Digest> seen;
  for (const StagedBlob& blob : group) {
    if (seen.insert(blob.digest).second && !is_there(blob))
      fresh.push_back(blob);
    else
      discard(blob);
  }
  return fresh;
}

void DiskBlobs::commit(std::span<const StagedBlob> group) {
  const std::vector<StagedBlob> fresh = without_repetition(group);
  if (durable_) sync_staged(fresh);

  // Also the folders of blobs that were there before: a run that died between rename and sync may have left
  // them.
  Fans touched;
  for (const StagedBlob& blob : group) touched.set(blob.digest.bytes[0]);
  make_fans(touched);
  for (const StagedBlob& blob : fresh)
    if (::rename(path_of(blob).c_str(), path_of(blob.digest).c_str()) != 0)
      throw_errno(errno,
                  fmt::format("rename {} to {}", path_of(blob).native(), path_of(blob.digest).native()));
  if (durable_) sync_fans(touched);
}

void DiskBlobs::sync_staged(const std::vector<StagedBlob>& group) {
  std::vector<UniqueFd> open;
  for (const StagedBlob& blob : group) open.push_back(take_open(blob.token));
  // without a descriptor, only the file system as a whole can tell what became of the bytes
  const bool all_open = std::ranges::all_of(open, [](const UniqueFd& fd) { return static_cast<bool>(fd); });
  if (file_system_ && (group.size() > kSyncedSinglyMax || !all_open)) return sync_file_system();
  for_each_in_parallel(group.size(), sync_threads_, [&](std::size_t i) {
    if (open[i]) sync_file(open[i].get(), path_of(group[i]));  // else stage() has synced it
  });
}

void DiskBlobs::sync_fans(const Fans& touched) {
  if (file_system_ && touched.count() > kSyncedSinglyMax) return sync_file_system();
  std::vector<fs::path> folders;
  for (std::size_t fan = 0; fan < touched.size(); ++fan)
    if (touched[fan]) folders.push_back(path_of_fan(fan));
  for_each_in_parallel(folders.size(), sync_threads_, [&](std::size_t i) { sync_folder(folders[i]); });
}

void DiskBlobs::sync_file_system() {
  if (::syncfs(file_system_.get()) != 0)
    throw_errno(errno, fmt::format("make the files in {} durable", folder_.native()));
}

void DiskBlobs::discard(const StagedBlob& blob) {
  take_open(blob.token);
  if (::unlink(path_of(blob).c_str()) != 0 && errno != ENOENT)
    throw_errno(errno, fmt::format("remove {}", path_of(blob).native()));
}

void DiskBlobs::each(const std::function<bool(const Digest&, std::uint64_t bytes)>& callback) const {
  for (unsigned fan = 0; fan < Fans().size(); ++fan)
    for (const BlobFile& file : list_blob_files(folder_, fan, [](const std::string& /*foreign*/) {}))
      if (!callback(file.digest, file.bytes)) return;
}

void DiskBlobs::remove(const Digest& digest) {
  const fs::path path = path_of(digest);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    throw_errno(errno, fmt::format("remove {}", path.native()));
}

void DiskBlobs::sweep() {
  refuse_links();
  std::vector<fs::path> left;
  std::error_code error;
  for (fs::directory_iterator entry(staging_, error), end; !error && entry != end; entry.increment(error))
    if (is_token(entry->path().filename().native())) left.push_back(entry->path());
  if (error && error != std::errc::no_such_file_or_directory)
    throw_errno(error.value(), fmt::format("list {}", staging_.native()));
  for (const fs::path& path : left)
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
      throw_errno(errno, fmt::format("remove {}", path.native()));
}

BlobStore::Space DiskBlobs::space() const {
  struct statvfs info {};
  fs::path folder =
      fs::absolute(folder_);  // or, before the first write made it, the parent it will be made in
  while (::statvfs(folder.c_str(), &info) != 0) {
    if (errno != ENOENT || folder == folder.parent_path())
      throw_errno(errno, fmt::format("look at {}", folder_.native()));
    folder = folder.parent_path();
  }
  struct statfs kind {};
  const bool links_take_files =
      ::statfs(folder.c_str(), &kind) == 0 && static_cast<std::uint32_t>(kind.f_type) == kTmpfs;
  // btrfs and some networks have no fixed number of inodes, and say that they have none at all
  const bool counts_files = info.f_files > 0;
  return {std::uint64_t{info.f_bavail} * info.f_frsize,
          counts_files ? std::uint64_t{info.f_favail} : UINT64_MAX, links_take_files};
}

}  // namespace

std::unique_ptr<LocalBlobStore> make_local_blob_store(const LocalBlobStoreOptions& options) {
  return std::make_unique<DiskBlobs>(options);
}

}  // namespace medimirror
