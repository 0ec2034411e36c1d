#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"

namespace medimirror {

namespace fs = std::filesystem;

void UniqueFd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

UniqueFd open_file(const fs::path& path, int flags, unsigned mode) {
  for (;;) {
    UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, static_cast<mode_t>(mode)));
    if (fd) return fd;
    if (errno != EINTR) throw_errno(errno, fmt::format("open {}", path.native()));
  }
}

void write_all(int fd, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      throw_errno(errno, fmt::format("write {}", path.native()));
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

namespace {

std::string read_whole(int fd, const fs::path& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) throw_errno(errno, fmt::format("read {}", path.native()));
  std::string bytes;
  bytes.resize(info.st_size > 0 ? static_cast<std::size_t>(info.st_size) + 1 : 4096);
  std::size_t size = 0;
  for (;;) {
    if (size == bytes.size()) bytes.resize(2 * bytes.size());
    const ssize_t count = ::read(fd, bytes.data() + size, bytes.size() - size);
    if (count < 0) {
      if (errno == EINTR) continue;
      throw_errno(errno, fmt::format("read {}", path.native()));
    }
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace

std::string read_file(const fs::path& path) {
  const UniqueFd fd = open_file(path, O_RDONLY);
  return read_whole(fd.get(), path);
}

std::optional<std::string> read_file_if_exists(const fs::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd) return read_whole(fd.get(), path);
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw_errno(errno, fmt::format("open {}", path.native()));
}

void sync_file(int fd, const fs::path& path) {
  if (::fsync(fd) != 0) throw_errno(errno, fmt::format("make {} durable", path.native()));
}

void sync_folder(const fs::path& folder) {
  const UniqueFd fd = open_file(folder, O_RDONLY | O_DIRECTORY);
  sync_file(fd.get(), folder);
}

void make_folders(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw_errno(error.value(), fmt::format("make the folder {}", folder.native()));
}

fs::path file_to_replace(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_regular_file(status)) return fs::canonical(path);
  if (fs::is_directory(status)) throw_errno(EISDIR, fmt::format("write {}", path.native()));
  return fs::exists(status) ? fs::path() : path;
}

void replace_file(const fs::path& path, std::string_view bytes, unsigned mode) {
  AtomicFile file(path, mode);
  file.write(bytes);
  file.commit();
}

AtomicFile::AtomicFile(fs::path path, unsigned mode) : path_(std::move(path)) {
  temporary_ = path_.parent_path() / fmt::format(".{}.{}.tmp", path_.filename().native(), ::getpid());
  // never what is there already, be it the rest of a dead process of this number or a link that somebody put there
  ::unlink(temporary_.c_str());
  fd_ = open_file(temporary_, O_WRONLY | O_CREAT | O_EXCL, mode);
}

AtomicFile::~AtomicFile() {
  if (fd_) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  static constexpr std::size_t kBufferBytes = 256 * 1024;
  buffer_.append(bytes);
  if (buffer_.size() >= kBufferBytes) flush();
}

void AtomicFile::flush() {
  write_all(fd_.get(), buffer_, temporary_);
  buffer_.clear();
}

void AtomicFile::commit() {
  flush();
  sync_file(fd_.get(), temporary_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0)
    throw_errno(errno, fmt::format("rename {} to {}", temporary_.native(), path_.native()));
  fd_.reset();
  const fs::path folder = path_.parent_path();
  sync_folder(folder.empty() ? fs::path(".") : folder);
}

}  // namespace medimirror
