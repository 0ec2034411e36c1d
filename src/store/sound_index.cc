#include "store/sound_index.h"

#include <fmt/format.h>

#include <optional>
#include <string>

#include "base/error.h"
#include "store/blob_files.h"
#include "store/store_lock.h"

namespace medimirror {

namespace fs = std::filesystem;

namespace {

constexpr const char* kOperation = "open the index";

void refuse_a_lost_index(const fs::path& store_folder) {
  const fs::path index = store_folder / "index";
  std::error_code none;
  if (fs::directory_iterator(blobs_folder(store_folder), none) == fs::directory_iterator()) {
    // what a loss of power left of one that was just being made: nothing was ever in it
    if (Index::find_damage(index)) fs::remove(index / "data.mdb");
    return;
  }
  if (fs::exists(index)) return;
  throw Error(
      ErrorKind::index,
      fmt::format("there are pictures in {} and no index of them: run `medimirror rebuild`, which makes it "
                  "again, or everything would be fetched anew",
                  blobs_folder(store_folder).native()),
      kOperation);
}

// A sentence. Nothing: it is there, and sound to its last page.
std::optional<std::string> index_fault(const fs::path& store_folder) {
  const fs::path folder = store_folder / "index";
  if (!fs::exists(folder / "data.mdb"))
    return fmt::format("there is no index in {}: run medimirror rebuild", folder.native());
  if (const auto damage = Index::find_damage(folder))
    return fmt::format("the index in {} is damaged ({}): run medimirror rebuild, no picture is lost by it",
                       folder.native(), *damage);
  return std::nullopt;
}

}  // namespace

std::unique_ptr<Index> open_to_read(const fs::path& store_folder) {
  Index::Options options;
  options.read_only = true;
  return Index::open(store_folder / "index", options);
}

std::unique_ptr<Index> open_sound_index(const fs::path& store_folder, IndexCheck check, bool durable) {
  if (check == IndexCheck::not_lost) {
    refuse_a_lost_index(store_folder);
  } else if (const auto fault = index_fault(store_folder)) {
    throw Error(ErrorKind::index, *fault, kOperation);
  }
  Index::Options options;
  options.durable = durable;
  options.read_only = is_read_only_mount(store_folder);
  return Index::open(store_folder / "index", options);
}

}  // namespace medimirror
