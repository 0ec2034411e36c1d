// Role: a local store's blobs as files: where they lie, what else lies there, what the file system says of them.
// Place: beside the BlobStore seam, which knows no paths: modes, inodes and foreign files are of a local disk only, and so is the
// care for them. The layout is local_blob_store's: blobs/ab/cdef….
// Failure: throws Error{disk} where a folder cannot be listed; what is wrong with one file is a value.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/sha256.h"

namespace medimirror {

constexpr unsigned kBlobFileMode = 0444;

struct BlobFile {
  Digest digest;
  std::uint64_t bytes = 0;
  ino_t inode = 0;
  mode_t mode = 0;
  UnixSeconds mtime = 0;
};

std::filesystem::path blob_path(const std::filesystem::path& store_folder, const Digest& digest);
std::string blob_name(const Digest& digest);  // below blobs/: "ab/cdef…"

// The blobs whose digest begins with this byte, in order. `foreign` gets the names, below blobs/, of what is no blob.
std::vector<BlobFile> list_blob_files(const std::filesystem::path& store_folder, unsigned fan,
                                      const std::function<void(const std::string&)>& foreign);
// What lies in blobs/ itself and is not the folder of a first byte.
void each_foreign_fan(const std::filesystem::path& store_folder,
                      const std::function<void(const std::string&)>& foreign);

// Nothing: no such file.
std::optional<struct stat> look_at_file(const std::filesystem::path& path);

// Reads files from start to end with one large buffer, and leaves nothing of them in the page cache. One thread each.
class FileReader {
 public:
  FileReader();

  struct Content {
    int error = 0;  // of open or read; 0: all was read
    Digest digest;
    std::uint64_t bytes = 0;
  };
  // `pace` is told of each piece before it is read; `body` gets a copy of the bytes when it is not null.
  Content read(const std::filesystem::path& path, const std::function<void(std::uint64_t)>& pace = {},
               std::string* body = nullptr);

 private:
  std::string buffer_;
  Sha256 hash_;
};

}  // namespace medimirror
