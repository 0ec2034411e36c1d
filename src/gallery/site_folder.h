// Role: the files of the site on disk. A file is replaced only when its content changes, so that a second build, a
// backup and rsync find nothing to do; data files that are no longer part of the site are removed.
// Place: gallery writes through it; below `folder`, names are "index.html" or "data/…".
// Failure: throws Error{disk}. Each file is replaced whole; a build that dies leaves a site of old and new files,
// which the next build mends.
// Limits: one file's content in memory, twice while it is compared. Removes nothing but "data/*.js".
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

namespace medimirror {

class SiteFolder {
 public:
  explicit SiteFolder(std::filesystem::path folder);

  // The version of the content: what a page adds to the file's address, so that no cache keeps an old one.
  std::string put(const std::string& name, std::string_view content);
  void remove_stale_data();  // data files that were not put

  std::uint64_t written() const { return written_; }
  std::uint64_t unchanged() const { return unchanged_; }
  std::uint64_t removed() const { return removed_; }

 private:
  std::filesystem::path folder_;
  std::set<std::string> names_;
  std::uint64_t written_ = 0, unchanged_ = 0, removed_ = 0;
};

}  // namespace medimirror
