// Role: how much of the disk may still be filled with what is fetched: what is free, less what is to stay free, less what
// the index and the tree will want to keep and publish it.
// Place: the loop lets no more be under way than fits, and fetches nothing once nothing fits; sync asks it whether what is
// held had better be published before the run ends.
// Threads: any.
// Failure: throws Error{disk} when the file system cannot be asked.
#pragma once

#include <cstdint>
#include <string>

#include "http/room.h"
#include "store/blob_store.h"

namespace medimirror {

class DiskRoom {
 public:
  // `files_each`: of one picture, itself and its derivatives.
  DiskRoom(const BlobStore& blobs, std::uint64_t reserve_bytes, std::size_t files_each)
      : blobs_(blobs), reserve_bytes_(reserve_bytes), files_each_(files_each) {}

  // What the end of the run will want beside the pictures.
  struct Tree {
    std::uint64_t assets = 0;      // that the index and the lists name
    std::uint64_t to_publish = 0;  // of them, held and not in the tree yet
  };

  // What may be under way at once, `wished` at most. What is staged is counted twice, once more as free space that is
  // gone: so it errs towards leaving more free.
  RoomSize room(const RoomSize& wished, const Tree& tree) const;
  bool is_full(const Tree& tree) const;

  std::string sentence(const Tree& tree) const;  // what is short, and what to do

 private:
  std::uint64_t names_each(const BlobStore::Space& space) const;
  std::uint64_t files_kept(const BlobStore::Space& space, const Tree& tree) const;

  const BlobStore& blobs_;
  std::uint64_t reserve_bytes_;
  std::size_t files_each_;
};

}  // namespace medimirror
