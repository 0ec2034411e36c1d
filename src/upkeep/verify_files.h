// Role: files as upkeep looks at them, a local store's blobs (store/blob_files.h) among them.
// Failure: throws Error{disk} where the file system gives no answer; what is wrong with one file's bytes is a value.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/digest.h"
#include "base/sha256.h"
#include "store/blob_files.h"

namespace medimirror {

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
