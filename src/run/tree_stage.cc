#include "run/tree_stage.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/error.h"
#include "base/units.h"
#include "store/grouped_writes.h"
#include "store/setting_names.h"
#include "tree/manifest_merge.h"

namespace medimirror {

namespace fs = std::filesystem;

void claim_tree(const fs::path& store_folder, const fs::path& media_folder, Index& index) {
  const fs::path store = fs::weakly_canonical(store_folder), ours = fs::weakly_canonical(media_folder);
  const auto setting = [&index](std::string_view name) { return index.view().setting(name).value_or(""); };
  const std::string known = setting(kMediaFolderSetting), known_store = setting(kStoreFolderSetting);
  if (known == ours.native() && known_store == store.native()) return;
  std::error_code none;
  const bool was_copied = known_store != store.native();
  if (!was_copied && !known.empty() && fs::exists(fs::path(known) / kManifestName, none) &&
      !fs::equivalent(fs::path(known), ours, none))
    throw Error(
        ErrorKind::config,
        fmt::format(
            "the store publishes into {}, and this configuration into {}: give each root a store_dir of its "
            "own; if the tree is to be elsewhere from now on, move it there, or remove the old one",
            known, ours.native()),
        "look at the tree");
  IndexGroup group = index.group();
  group.put_setting(kMediaFolderSetting, ours.native());
  group.put_setting(kStoreFolderSetting, store.native());
  group.commit();
}

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
