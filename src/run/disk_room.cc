#include "run/disk_room.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"

namespace medimirror {

namespace {

// For records, published names and both lists, which are written anew beside the old ones: measured 300 to 450 bytes a file.
constexpr std::uint64_t kBytesOfLists = std::uint64_t{1} << 20, kBytesOfListsEach = 512;
constexpr std::uint64_t kFilesKept = 1000;  // folders of the tree, lists, reports

std::int64_t left_of(std::uint64_t free, std::uint64_t kept, std::uint64_t most) {
  return static_cast<std::int64_t>(std::min(free - std::min(free, kept), most));
}

std::uint64_t bytes_of_lists(const DiskRoom::Tree& tree) {
  return kBytesOfLists + tree.assets * kBytesOfListsEach;
}

}  // namespace

std::uint64_t DiskRoom::names_each(const BlobStore::Space& space) const {
  return files_each_ * (space.links_take_files ? 2 : 1);
}

std::uint64_t DiskRoom::files_kept(const BlobStore::Space& space, const Tree& tree) const {
  return kFilesKept + (space.links_take_files ? tree.to_publish * files_each_ : 0);
}

RoomSize DiskRoom::room(const RoomSize& wished, const Tree& tree) const {
  const BlobStore::Space space = blobs_.space();
  // derivatives are smaller than their picture, mostly by far
  const std::uint64_t times = files_each_ > 1 ? 2 : 1, names = names_each(space);
  const std::int64_t bytes = left_of(space.bytes_free, reserve_bytes_ + bytes_of_lists(tree),
                                     static_cast<std::uint64_t>(wished.bytes) * times);
  const std::int64_t files =
      left_of(space.files_free, files_kept(space, tree), static_cast<std::uint64_t>(wished.items) * names);
  return {files / static_cast<std::int64_t>(names), bytes / static_cast<std::int64_t>(times)};
}

bool DiskRoom::is_full(const Tree& tree) const {
  const RoomSize left = room({1, 1 << 20}, tree);
  return left.items == 0 || left.bytes == 0;
}

std::string DiskRoom::sentence(const Tree& tree) const {
  const BlobStore::Space space = blobs_.space();
  const std::uint64_t kept = files_kept(space, tree);
  if (space.files_free < kept + names_each(space))
    return fmt::format(
        "the file system of the store is running out of inodes: {} are left, and {} are kept for the tree; "
        "remove files "
        "there and run again, what came until now is kept",
        format_count(space.files_free), format_count(kept));
  return fmt::format(
      "only {} are free where the store is, of which {} are to stay free (publish.reserve) and {} are for "
      "the index and "
      "the lists: free some space and run again, what came until now is kept",
      format_bytes(space.bytes_free), format_bytes(reserve_bytes_), format_bytes(bytes_of_lists(tree)));
}

}  // namespace medimirror
