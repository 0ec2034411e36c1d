#include "store/sound_index.h"

#include <fmt/format.h>

#include "base/error.h"
#include "store/index.h"

namespace medimirror {

namespace fs = std::filesystem;

void refuse_a_lost_index(const fs::path& store_folder) {
  const fs::path index = store_folder / "index";
  std::error_code none;
  if (fs::directory_iterator(store_folder / "blobs", none) == fs::directory_iterator()) {
    // what a loss of power left of one that was just being made: nothing was ever in it
    if (Index::find_damage(index)) fs::remove(index / "data.mdb");
    return;
  }
  if (fs::exists(index)) return;
  throw Error(
      ErrorKind::index,
      fmt::format("there are pictures in {} and no index of them: run `medimirror rebuild`, which makes it "
                  "again, or everything would be fetched anew",
                  (store_folder / "blobs").native()),
      "open the index");
}

}  // namespace medimirror
