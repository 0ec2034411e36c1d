// Role: blobs on a local disk, as the files of blob_files.h, staged in <folder>/tmp/.
// Durability: the save recipe and why it is the fastest that is still safe stands in local_blob_store.cc,
// with figures.
// Limits: up to kStagedOpenMax staged files keep a descriptor open until commit(), so that a failed write-back cannot be
// forgotten meanwhile; what is staged beyond them is synced together with the whole file system, or, where that cannot
// be trusted, by stage() itself: safe as well, only slower.
// place(): a temporary name (kPlaceTemporaryName) may be left in the target's folder by a crash; the next place() into
// that folder takes it over. Missing folders of the target are made.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string_view>

#include "store/blob_store.h"
#include "store/place.h"

namespace medimirror {

constexpr std::string_view kPlaceTemporaryName = ".medimirror-place.tmp";
constexpr std::size_t kStagedOpenMax = 512;

struct LocalBlobStoreOptions {
  std::filesystem::path folder;  // the store folder
  bool durable = true;           // false is for measuring only
};

class LocalBlobStore : public BlobStore, public BlobPlacer {};

std::unique_ptr<LocalBlobStore> make_local_blob_store(const LocalBlobStoreOptions& options);

}  // namespace medimirror
