#include "upkeep/verify_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/file.h"

namespace medimirror {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;

}  // namespace

std::optional<struct stat> look_at_file(const fs::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0) return info;
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw_errno(errno, fmt::format("look at {}", path.native()));
}

FileReader::FileReader() : buffer_(kReadBytes, '\0') {}

FileReader::Content FileReader::read(const fs::path& path, const std::function<void(std::uint64_t)>& pace,
                                     std::string* body) {
  Content content;
  // O_NONBLOCK: a pipe that somebody put there must not stop us for ever.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd) {
    content.error = errno;
    return content;
  }
  hash_.reset();
  if (body != nullptr) body->clear();
  for (;;) {
    const ssize_t count = ::read(fd.get(), buffer_.data(), buffer_.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      content.error = errno;
      break;
    }
    const std::string_view piece(buffer_.data(), static_cast<std::size_t>(count));
    if (pace && !piece.empty()) pace(piece.size());
    hash_.update(piece);
    content.bytes += piece.size();
    if (body != nullptr) body->append(piece);
    // A regular file gives less than asked for only at its end: most blobs cost one read.
    if (piece.size() < buffer_.size()) break;
  }
  content.digest = hash_.finish();
  ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED);
  return content;
}

}  // namespace medimirror
