// Role: files with the guarantees the store needs: descriptors that close themselves, whole reads and writes,
// small files replaced atomically and durably.
// Failure: throws Error{disk} with the path in the sentence, unless a function says otherwise.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace medimirror {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

// Opens with O_CLOEXEC. `flags` and `mode` as for open(2).
UniqueFd open_file(const std::filesystem::path& path, int flags, unsigned mode = 0644);

// All bytes, retrying short writes and EINTR. `path` is for the error sentence.
void write_all(int fd, std::string_view bytes, const std::filesystem::path& path);

std::string read_file(const std::filesystem::path& path);
std::optional<std::string> read_file_if_exists(const std::filesystem::path& path);

// A failed fsync is final: the kernel may have dropped the dirty pages, so trying again would lie. Throws.
void sync_file(int fd, const std::filesystem::path& path);
void sync_folder(const std::filesystem::path& folder);

// Makes the folder and its missing parents (mode 0755).
void make_folders(const std::filesystem::path& folder);

// For a path that a person named: the file to replace by a new one (that of a link is its target), or nothing where something
// is there that is no file (a device, a pipe): that is written to, never replaced.
std::filesystem::path file_to_replace(const std::filesystem::path& path);

// Replaces `path` by a file with these bytes: temporary name in the same folder, fsync, rename, fsync of the
// folder. A reader, or a crash at any moment, sees the old file whole or the new file whole.
void replace_file(const std::filesystem::path& path, std::string_view bytes, unsigned mode = 0644);

// The same for content that is written piece by piece. Not committed means not published: the destructor
// discards.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path, unsigned mode = 0644);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);  // buffered
  void commit();                       // durable under its final name when it returns

 private:
  void flush();

  std::filesystem::path path_, temporary_;
  UniqueFd fd_;
  std::string buffer_;
};

}  // namespace medimirror
