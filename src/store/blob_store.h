// Role: the seam to where bytes are kept: immutable blobs named by their SHA-256.
// Place: image threads stage, the writer commits; upkeep/ lists, reads, removes. local_blob_store is the one implementation
// now; a bucket can be another, so no path, no file descriptor and no link is in these signatures.
// Threads: stage, has, read: any thread. commit, remove: one thread.
// Failure: throws Error{disk}. A failed sync is final and not retried.
// Durability: a staged blob is nothing yet; when commit() returns, each blob of the group is on disk under
// its name. A crash before leaves rubbish in the staging area, which sweep() removes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/digest.h"

namespace medimirror {

struct StagedBlob {
  Digest digest;
  std::uint64_t bytes = 0;
  std::string token;  // the store's own word for where it is staged
};

class BlobStore {
 public:
  virtual ~BlobStore() = default;

  // A blob by that name is there. Whether it is durable only the index or a commit() can say: a run that died between
  // rename and sync leaves names that a power cut may take away again.
  virtual bool has(const Digest& digest) const = 0;
  // The caller has hashed `bytes` already; `mtime` becomes the blob's modification time.
  virtual StagedBlob stage(const Digest& digest, std::string_view bytes, UnixSeconds mtime) = 0;
  virtual void commit(
      std::span<const StagedBlob> group) = 0;  // the same digest twice, or one already there, is fine
  virtual void discard(const StagedBlob& blob) = 0;

  virtual std::optional<std::string> read(const Digest& digest) const = 0;  // nothing: not there
  // In digest order; the callback returns false to stop.
  virtual void each(const std::function<bool(const Digest&, std::uint64_t bytes)>& callback) const = 0;
  virtual void remove(const Digest& digest) = 0;  // removing what is not there is fine

  virtual void sweep() = 0;  // removes what a dead run left staged

  struct Space {
    std::uint64_t bytes_free = 0, files_free = 0;
    bool links_take_files = false;  // a second name of a file counts as a file (tmpfs)
  };
  virtual Space space() const = 0;
};

}  // namespace medimirror
