// Role: what evolution has done to the catalogue, and nothing else: the items that differ from what the seed
// gives.
// Place: made and persisted by evolution, read by the catalogue through an immutable snapshot.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.h"

namespace medimirror::sandbox {

// An item of the catalogue by its number: 0 is the first, with the lowest id. Ids follow from numbers.
using MediaIndex = std::uint32_t;
using ProductIndex = std::uint32_t;

struct MediaChange {
  std::uint32_t generation = 0;      // of the picture: each one has another URL and other bytes
  std::uint32_t query_revision = 0;  // of the URL's query string: same path, same bytes
  UnixSeconds updated_at = 0;        // 0: as the seed gives it
  UnixSeconds changed_at = 0;        // of the picture; its Last-Modified
  UnixSeconds created_at = 0;        // of items added by evolution
  bool unpublished = false;
  bool removed = false;
  std::optional<MediaIndex> copy_of;  // shows the bytes of another item, of its generation `copy_generation`
  std::uint32_t copy_generation = 0;
  std::optional<MediaIndex> replaced_by;  // removed, and came back under another id
};

struct Overlay {
  std::uint64_t version = 0;      // counts evolutions
  std::uint32_t added_media = 0;  // numbers after those of the seed
  std::unordered_map<MediaIndex, MediaChange> media;
  std::unordered_map<ProductIndex, std::vector<MediaIndex>> attached;  // media added to products
  std::unordered_map<ProductIndex, UnixSeconds> products_updated;
};

}  // namespace medimirror::sandbox
