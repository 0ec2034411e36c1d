#include "store/blob_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/error.h"

namespace medimirror {

namespace fs = std::filesystem;

namespace {

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

Folder open_folder(const fs::path& path) {
  Folder folder(::opendir(path.c_str()));
  if (!folder && errno != ENOENT && errno != ENOTDIR)
    throw_errno(errno, fmt::format("list {}", path.native()));
  return folder;
}

template <typename Callback>
void each_name(const fs::path& path, const Callback& callback) {
  const Folder folder = open_folder(path);
  if (!folder) return;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") callback(::dirfd(folder.get()), std::string(name));
  }
  if (errno != 0) throw_errno(errno, fmt::format("list {}", path.native()));
}

std::string fan_name(unsigned fan) {
  return fmt::format("{:02x}", fan);
}

}  // namespace

fs::path blobs_folder(const fs::path& store_folder) {
  return store_folder / "blobs";
}

std::string blob_name(const Digest& digest) {
  std::string name = digest.hex();
  name.insert(2, 1, '/');
  return name;
}

fs::path blob_path(const fs::path& store_folder, const Digest& digest) {
  return blobs_folder(store_folder) / blob_name(digest);
}

std::vector<BlobFile> list_blob_files(const fs::path& store_folder, unsigned fan,
                                      const std::function<void(const std::string&)>& foreign) {
  std::vector<BlobFile> files;
  const std::string prefix = fan_name(fan);
  each_name(blobs_folder(store_folder) / prefix, [&](int folder, const std::string& name) {
    const auto digest = name.size() == 62 ? Digest::parse(prefix + name) : std::nullopt;
    if (!digest || digest->hex().compare(2, std::string::npos, name) != 0)
      return foreign(prefix + '/' + name);
    struct stat info {};
    if (::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) return;
      throw_errno(errno, fmt::format("look at the blob {}", digest->hex()));
    }
    files.push_back(
        {*digest, static_cast<std::uint64_t>(info.st_size), info.st_ino, info.st_mode, info.st_mtim.tv_sec});
  });
  std::ranges::sort(files, {}, &BlobFile::digest);
  return files;
}

void each_foreign_fan(const fs::path& store_folder, const std::function<void(const std::string&)>& foreign) {
  each_name(blobs_folder(store_folder), [&](int folder, const std::string& name) {
    struct stat info {};
    const bool fan = name.size() == 2 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (fan && ::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode))
      return;
    foreign(name);
  });
}

}  // namespace medimirror
