// Role: a blob as a file of a published folder, by the cheapest means the file systems allow: hard link, clone, copy.
// Place: the tree asks a BlobPlacer; a store on a local disk is one (local_blob_store.h). A store elsewhere would come with
// a placer that copies.
// Threads: any, one at a time for each folder of targets.
// Failure: throws Error{disk}; the target is then what it was.
#pragma once

#include <filesystem>
#include <string>

#include "base/digest.h"

namespace medimirror {

struct Placement {
  enum class How { linked, cloned, copied, already_there } how = How::linked;
};

class BlobPlacer {
 public:
  virtual ~BlobPlacer() = default;

  // Puts the blob at `target` (an absolute file name, replaced atomically). Missing folders are made. The names are not
  // synced; copies are.
  virtual Placement place(const Digest& digest, const std::string& target) = 0;
};

// `source` is never written to again (a link would show it). The target is replaced atomically.
Placement place_file(const std::filesystem::path& source, const std::filesystem::path& target, bool durable);

}  // namespace medimirror
