// Role: store/quarantine/: where repair puts what it takes away. Names of blobs are their digests, names of published files
// their paths below media/; what has been there before gets a number behind it. The program reads nothing in it; gc
// gives it back after the grace period (gc_quarantine.h).
// Failure: throws Error{disk}. Durability: sync() makes all moves since the last one durable.
#pragma once

#include <filesystem>
#include <set>
#include <string>

namespace medimirror {

class Quarantine {
 public:
  explicit Quarantine(const std::filesystem::path& store_folder) : folder_(store_folder / "quarantine") {}

  // Returns where it is now; across file systems it is copied, then removed. What is not there is fine: empty.
  std::filesystem::path take(const std::filesystem::path& path, const std::string& name);
  void keep_copy(const std::filesystem::path& path,
                 const std::string& name);  // and leaves the file where it is
  void sync();

 private:
  std::filesystem::path free_name(const std::string& name);

  std::filesystem::path folder_;
  std::set<std::filesystem::path> touched_;
};

}  // namespace medimirror
