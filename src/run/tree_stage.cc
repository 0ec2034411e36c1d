#include "run/tree_stage.h"

#include <fmt/format.h>

#include "base/units.h"
#include "store/grouped_writes.h"
#include "tree/manifest_merge.h"

namespace medimirror {

bool tree_is_gone(const std::filesystem::path& media_folder, const Index& index) {
  return index.view().published_count() > 0 && !std::filesystem::exists(media_folder / kManifestName);
}

std::set<AssetKey> find_losses(const std::filesystem::path& media_folder, Index& index, LookAt look,
                               RunReport& report) {
  TreeLosses losses = find_tree_losses(media_folder, index, look);
  if (!losses.keys.empty())
    report.notes.push_back(
        fmt::format("{} published {} gone from media/, or had been replaced there by something else, such "
                    "as {}; put back",
                    format_count(losses.keys.size()), losses.keys.size() == 1 ? "file was" : "files were",
                    losses.example));
  return std::move(losses.keys);
}

void look_at_every_file(Index& index) {
  const IndexView view = index.view();
  GroupedWrites writes(index);
  view.each_asset([&](const AssetKey& key, const AssetRecord& record) {
    if (record.digest) writes.next().mark_unpublished(key);
    return true;
  });
  writes.commit();
}

}  // namespace medimirror
