#include "tree/tree_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/below.h"
#include "base/error.h"
#include "base/file.h"
#include "store/local_blob_store.h"

namespace medimirror {

namespace {

// Above this, one syncfs is cheaper than an fsync of each folder.
constexpr std::size_t kFoldersSyncedMax = 64;
constexpr mode_t kFolderMode = 0755;

bool is_folder(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

}  // namespace

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

TreeFolder::TreeFolder(std::filesystem::path root, bool durable, bool tidy)
    : root_(root.native()), durable_(durable), tidy_(tidy) {
  this->tidy({});
  if (is_folder(root_)) return;
  make_folders(root_);
  if (::chmod(root_.c_str(), kFolderMode) != 0) throw_errno(errno, fmt::format("open {} to readers", root_));
  // Its own name too: what is synced below a folder that a power cut takes away is gone with it.
  const std::filesystem::path above = std::filesystem::path(root_).parent_path();
  if (durable_) sync_folder(above.empty() ? std::filesystem::path(".") : above);
}

std::string TreeFolder::full(const std::string& relative) const {
  return relative.empty() ? root_ : root_ + '/' + relative;
}

void TreeFolder::touch(const std::string& folder) {
  if (!durable_ || touched_many_) return;
  touched_.insert(folder);
  touched_many_ = touched_.size() > kFoldersSyncedMax;
}

void TreeFolder::tidy(const std::string& folder) const {
  if (tidy_) ::unlink((full(folder) + '/' + std::string(kPlaceTemporaryName)).c_str());
}

bool TreeFolder::make_folder(const std::string& folder) {
  if (folder.empty() || folder == made_) return true;
  const std::string path = full(folder);
  FolderBelow found = which_folder(root_, folder);
  if (found == FolderBelow::absent) {
    if (!make_folder(folder_of(folder))) return false;
    if (::mkdir(path.c_str(), kFolderMode) == 0) {
      // The web server must read it, whatever the umask.
      if (::chmod(path.c_str(), kFolderMode) != 0)
        throw_errno(errno, fmt::format("open {} to readers", path));
      touch(folder_of(folder));
      made_ = folder;
      return true;
    }
    if (errno != EEXIST) throw_errno(errno, fmt::format("make the folder {}", path));
    found = which_folder(root_, folder);  // another thread has made it meanwhile
  }
  if (found == FolderBelow::blocked) return false;
  tidy(folder);
  made_ = folder;
  return true;
}

std::optional<Placement> TreeFolder::place(BlobPlacer& blobs, const Digest& digest, const std::string& path) {
  const std::string folder = folder_of(path);
  if (!stays_below(path) || !make_folder(folder)) return std::nullopt;
  const std::string target = full(path);
  try {
    const Placement placement = blobs.place(digest, target);
    touch(folder);  // also of what is there: a publish that was killed may have made it and not synced it
    return placement;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::disk && is_folder(target)) return std::nullopt;
    throw;
  }
}

void TreeFolder::remove(const std::string& path) {
  const std::string folder = folder_of(path);
  if (folder != pruned_) prune();
  if (!stays_below(path) || (folder != pruned_ && which_folder(root_, folder) != FolderBelow::there)) return;
  pruned_ = folder;
  const std::string target = full(path);
  if (::unlink(target.c_str()) == 0) return touch(folder);
  if (errno == ENOENT || errno == ENOTDIR) return;
  const int error_number = errno;
  if (is_folder(target)) return;
  throw_errno(error_number, fmt::format("remove {}", target));
}

void TreeFolder::prune() {
  for (; !pruned_.empty(); pruned_ = folder_of(pruned_)) {
    const std::string path = full(pruned_);
    tidy(pruned_);
    if (::rmdir(path.c_str()) == 0) {
      made_.clear();
      touch(folder_of(pruned_));
    } else if (errno != ENOENT) {
      break;  // not empty, a link, a mount point: not ours to remove
    }
  }
  pruned_.clear();
}

void TreeFolder::take_over(TreeFolder& copy) {
  touched_.merge(copy.touched_);
  touched_many_ = touched_many_ || copy.touched_many_ || touched_.size() > kFoldersSyncedMax;
}

void TreeFolder::sync() {
  if (touched_many_) {
    const UniqueFd fd = open_file(root_, O_RDONLY | O_DIRECTORY);
    if (::syncfs(fd.get()) != 0) throw_errno(errno, fmt::format("make {} durable", root_));
  } else {
    for (const std::string& folder : touched_)
      if (is_folder(full(folder))) sync_folder(full(folder));
  }
  touched_.clear();
  touched_many_ = false;
}

}  // namespace medimirror
