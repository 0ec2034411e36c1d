// Role: the published folder as something to put files into and take files out of, without hurting what is
// not ours: no path and no link on its way leads out of it.
// Threads: one; or several, each with a copy of its own and folders of its own, whose work is then taken over.
// Failure: throws Error{disk}. What stands in the way is a value: place() says no.
// Durability: sync() makes all that was done since the last one durable: each touched folder, or the whole
// file system where they are many.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include "store/place.h"

namespace medimirror {

std::string folder_of(const std::string& path);  // empty: the root

class TreeFolder {
 public:
  // `tidy`: removes what a store that was killed while placing left in the folders that are visited.
  TreeFolder(std::filesystem::path root, bool durable, bool tidy);

  // Puts the blob at `path` (relative), making folders. Nothing: a folder stands there, or a file where a
  // folder must.
  std::optional<Placement> place(BlobPlacer& blobs, const Digest& digest, const std::string& path);
  // Removes the file and, once the next file is of another folder, the folders that this left empty. What is
  // not there, or is a folder now, is fine.
  void remove(const std::string& path);
  void prune();                      // the folders of the last file removed
  void take_over(TreeFolder& copy);  // what it did and did not sync
  void sync();

 private:
  bool make_folder(const std::string& folder);
  void tidy(const std::string& folder) const;
  void touch(const std::string& folder);
  std::string full(const std::string& relative) const;

  std::string root_;
  bool durable_, tidy_;
  std::string made_;    // the folder known to be there: files come in runs of one folder
  std::string pruned_;  // the folder of the file removed last
  std::set<std::string> touched_;
  bool touched_many_ = false;
};

}  // namespace medimirror
