#include "base/below.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "base/file.h"

namespace medimirror {

namespace {

constexpr int kFolder = O_PATH | O_DIRECTORY | O_CLOEXEC;

// A descriptor, or -1 and errno. Kernels before 5.6 and some sandboxes have no openat2: there it goes step by step.
int open_below(int root, const std::string& path) {
  struct open_how how {};
  how.flags = kFolder;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const long fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
  if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(fd);
  UniqueFd at(::dup(root));
  for (std::size_t start = 0; at && start < path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    at = UniqueFd(::openat(at.get(), path.substr(start, end - start).c_str(), kFolder | O_NOFOLLOW));
    start = end + 1;
  }
  return at.release();
}

}  // namespace

bool stays_below(std::string_view path) {
  if (path.find('\0') != path.npos) return false;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view part = path.substr(start, end - start);
    if (part.empty() || part == "." || part == "..") return false;
    start = end + 1;
  }
  return true;
}

FolderBelow which_folder(const std::string& root, const std::string& path) {
  if (!path.empty() && !stays_below(path)) return FolderBelow::blocked;
  const UniqueFd top(::open(root.c_str(), kFolder));
  const UniqueFd folder(!top || path.empty() ? -1 : open_below(top.get(), path));
  if (folder || (top && path.empty())) return FolderBelow::there;
  switch (errno) {
    case ENOENT:
      return FolderBelow::absent;
    case ENOTDIR:
    case ELOOP:
    case EXDEV:
      return FolderBelow::blocked;
    default:
      throw_errno(errno, fmt::format("look at {}/{}", root, path));
  }
}

}  // namespace medimirror
