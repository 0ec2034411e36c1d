#include "store/place.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "store/local_blob_store.h"

namespace medimirror {

namespace fs = std::filesystem;

namespace {

std::optional<struct stat> look_at(const fs::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0) return info;
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw_errno(errno, fmt::format("look at {}", path.native()));
}

struct stat look_at_source(const fs::path& path) {
  const auto info = look_at(path);
  if (!info)
    throw Error(ErrorKind::disk,
                fmt::format("{} is missing from the store: run medimirror repair, then sync", path.native()),
                "publish a picture");
  return *info;
}

bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool has_same_stamp(const struct stat& a, const struct stat& b) {
  return S_ISREG(b.st_mode) && a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

// EMLINK: ext4 ends at 65 000 names a file. EXDEV: another file system. EPERM: a file system without links,
// or a blob of another owner (fs.protected_hardlinks).
bool cannot_link(int code) {
  return code == EMLINK || code == EXDEV || code == EPERM || code == EOPNOTSUPP || code == ENOSYS;
}

// 0 or errno. `name` may be the rest of a dead run.
int link_afresh(const fs::path& source, const fs::path& name) {
  if (::link(source.c_str(), name.c_str()) == 0) return 0;
  if (errno != EEXIST) return errno;
  ::unlink(name.c_str());
  return ::link(source.c_str(), name.c_str()) == 0 ? 0 : errno;
}

void move_into_place(const fs::path& temporary, const fs::path& target) {
  if (::rename(temporary.c_str(), target.c_str()) == 0) return;
  const int code = errno;
  ::unlink(temporary.c_str());
  throw_errno(code, fmt::format("put a picture at {}", target.native()));
}

void copy_bytes(int from, int to, const fs::path& source, const fs::path& target) {
  constexpr std::size_t kStep = std::size_t{1} << 20;
  bool in_kernel = true;
  std::string buffer;
  for (;;) {
    ssize_t count = -1;
    if (in_kernel) {
      count = ::copy_file_range(from, nullptr, to, nullptr, kStep, 0);
      if (count < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)) {
        in_kernel = false;  // both offsets stand where the kernel left them
        continue;
      }
    } else {
      buffer.resize(kStep);
      count = ::read(from, buffer.data(), buffer.size());
      if (count > 0) write_all(to, {buffer.data(), static_cast<std::size_t>(count)}, target);
    }
    if (count == 0) return;
    if (count < 0 && errno != EINTR)
      throw_errno(errno, fmt::format("copy {} to {}", source.native(), target.native()));
  }
}

Placement::How clone_or_copy(const fs::path& source, const fs::path& temporary, bool durable) {
  const UniqueFd from = open_file(source, O_RDONLY);
  ::unlink(temporary.c_str());
  const UniqueFd to = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, 0444);
  auto how = Placement::How::cloned;
  if (::ioctl(to.get(), FICLONE, from.get()) != 0) {
    copy_bytes(from.get(), to.get(), source, temporary);
    how = Placement::How::copied;
  }
  struct stat info {};
  if (::fstat(from.get(), &info) != 0) throw_errno(errno, fmt::format("look at {}", source.native()));
  const timespec times[2] = {info.st_mtim, info.st_mtim};
  if (::fchmod(to.get(), 0444) != 0 || ::futimens(to.get(), times) != 0)
    throw_errno(errno, fmt::format("set the mode and time of {}", temporary.native()));
  if (durable) sync_file(to.get(), temporary);
  return how;
}

Placement place_copy(const fs::path& source, const fs::path& target, const fs::path& temporary,
                     bool durable) {
  const auto there = look_at(target);
  // Two pictures can share size and Last-Modified, so the stamp only says whether comparing is worth while.
  if (there && has_same_stamp(look_at_source(source), *there) && read_file(source) == read_file(target))
    return {Placement::How::already_there};
  Placement placement;
  try {
    placement.how = clone_or_copy(source, temporary, durable);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  move_into_place(temporary, target);
  return placement;
}

}  // namespace

Placement place_file(const fs::path& source, const fs::path& target, bool durable) {
  if (::link(source.c_str(), target.c_str()) == 0)
    return {Placement::How::linked};  // a new name: nearly always
  int code = errno;
  const struct stat blob = look_at_source(source);
  if (code == ENOENT) {
    make_folders(target.parent_path());
    if (::link(source.c_str(), target.c_str()) == 0) return {Placement::How::linked};
    code = errno;
  }
  const fs::path temporary = target.parent_path() / kPlaceTemporaryName;
  if (code == EEXIST) {
    // Asked first, because rename() between two names of one file does nothing and leaves both.
    const auto there = look_at(target);
    if (there && is_same_file(blob, *there)) return {Placement::How::already_there};
    code = link_afresh(source, temporary);
    if (code == 0) {
      move_into_place(temporary, target);
      return {Placement::How::linked};
    }
  }
  if (!cannot_link(code)) throw_errno(code, fmt::format("put a picture at {}", target.native()));
  return place_copy(source, target, temporary, durable);
}

}  // namespace medimirror
