// Role: blobs of a local disk as files: where they lie, what else lies there, what the file system says of them.
// Place: beside the BlobStore seam, which knows no paths: modes, inodes and foreign files are of a local disk only, and so is the
// care for them (upkeep).
// Format: <store>/blobs/ab/cdef…: the first two hex digits of the digest name the folder, one of 256 fans. Files are
// kBlobFileMode and never rewritten.
// Failure: throws Error{disk} where a folder cannot be listed.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"

namespace medimirror {

constexpr unsigned kBlobFileMode = 0444;

struct BlobFile {
  Digest digest;
  std::uint64_t bytes = 0;
  ino_t inode = 0;
  mode_t mode = 0;
  UnixSeconds mtime = 0;
};

std::filesystem::path blobs_folder(const std::filesystem::path& store_folder);
std::filesystem::path blob_path(const std::filesystem::path& store_folder, const Digest& digest);
std::string blob_name(const Digest& digest);  // below blobs/: "ab/cdef…"

// The blobs whose digest begins with this byte, in order. `foreign` gets the names, below blobs/, of what is no blob.
std::vector<BlobFile> list_blob_files(const std::filesystem::path& store_folder, unsigned fan,
                                      const std::function<void(const std::string&)>& foreign);
// What lies in blobs/ itself and is not the folder of a first byte.
void each_foreign_fan(const std::filesystem::path& store_folder,
                      const std::function<void(const std::string&)>& foreign);

}  // namespace medimirror
