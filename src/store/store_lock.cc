#include "store/store_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <algorithm>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "base/user.h"

namespace medimirror {

namespace {

std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return "this host";
  return name;
}

// What the owner wrote about itself, made fit for a sentence: the file is only a file, anyone may have
// written to it.
std::string owner(int fd) {
  char text[512];
  const ssize_t size = ::pread(fd, text, sizeof text, 0);
  std::string line(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  line.resize(std::min(line.find('\n'), line.size()));
  std::ranges::replace_if(line, is_control, '?');
  return line.empty() ? "it has not said who it is" : line;
}

// Who starts a decoder is two processes for a moment, until the new one has become the decoder, and both have the lock
// open. Killed in that moment, its name stands there while the lock lives on for some milliseconds.
constexpr Millis kDyingMax{1'000}, kDyingStep{10};

bool owner_is_gone(int fd) {
  int pid = 0;
  char host[256] = {};
  if (std::sscanf(owner(fd).c_str(), "pid %d on host %255s", &pid, host) != 2 || pid <= 0) return false;
  return host == host_name() && ::kill(pid, 0) != 0 && errno == ESRCH;
}

bool lock_now(int fd, const std::filesystem::path& file) {
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) throw_errno(errno, fmt::format("lock {}", file.native()));
  }
  return true;
}

bool lock_soon(int fd, const std::filesystem::path& file) {
  for (Millis waited{0}; !lock_now(fd, file); waited += kDyingStep) {
    if (waited >= kDyingMax || !owner_is_gone(fd)) return false;
    std::this_thread::sleep_for(kDyingStep);
  }
  return true;
}

}  // namespace

void refuse_root_where_others_own(const std::filesystem::path& folder, uid_t user) {
  if (user != 0) return;
  std::filesystem::path place = std::filesystem::absolute(folder);
  struct stat info {};
  while (::stat(place.c_str(), &info) != 0 && place.has_relative_path()) place = place.parent_path();
  if (info.st_uid == 0) return;
  throw Error(
      ErrorKind::usage,
      fmt::format(
          "{0} belongs to the user {1}, and this runs as root, whose files {1} could not change later: "
          "run it as {1}, with `sudo -u {2} medimirror …` (in a container: --user {3}:{4})",
          place.native(), user_name(info.st_uid), sudo_word(info.st_uid), info.st_uid, info.st_gid),
      "lock the store");
}

bool is_read_only_mount(const std::filesystem::path& folder) {
  struct statvfs info {};
  return ::statvfs(folder.c_str(), &info) == 0 && (info.f_flag & ST_RDONLY) != 0;
}

StoreLock::StoreLock(const std::filesystem::path& folder, std::string_view command) {
  refuse_root_where_others_own(folder);
  make_folders(folder);
  const std::filesystem::path file = folder / "lock";
  // flock and not fcntl: it belongs to this open file, so a second StoreLock in the same process is refused
  // too.
  // Whoever can open it can hold it, so that is for the owner alone.
  if (is_read_only_mount(folder)) return;  // nobody writes there: who would, fails at that
  UniqueFd fd = open_file(file, O_RDWR | O_CREAT, 0600);
  ::fchmod(fd.get(), 0600);
  if (!lock_soon(fd.get(), file))
    throw Error(ErrorKind::locked,
                fmt::format("another run holds the store in {} ({}): wait for it or stop it", folder.native(),
                            owner(fd.get())),
                "lock the store");
  const std::string text = fmt::format("pid {} on host {} since {}: {}\n", ::getpid(), host_name(),
                                       format_utc(SystemClock().unix_now()), command);
  // Only for people, so not synced. Shortened after writing: a reader never finds the file empty.
  if (::pwrite(fd.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()) ||
      ::ftruncate(fd.get(), static_cast<off_t>(text.size())) != 0)
    throw_errno(errno, fmt::format("write {}", file.native()));
  fd_ = std::move(fd);
}

}  // namespace medimirror
