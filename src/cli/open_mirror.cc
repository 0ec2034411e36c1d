#include "cli/open_mirror.h"

#include <fmt/format.h>

#include "base/error.h"
#include "store/blob_files.h"
#include "store/sound_index.h"

namespace medimirror {

void require_store(const Config& config) {
  if (!std::filesystem::exists(blobs_folder(config.store_dir)) &&
      !std::filesystem::exists(config.store_dir / "index"))
    throw Error(ErrorKind::config, fmt::format("there is no mirror in {} yet: `medimirror sync` makes it",
                                               config.root.native()));
}

std::unique_ptr<Index> open_mirror(const Config& config) {
  require_store(config);
  return open_to_read(config.store_dir);
}

}  // namespace medimirror
