#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/publish_options.h"
#include "cli/tree_gauges.h"
#include "store/store_lock.h"
#include "upkeep/rebuild.h"

namespace medimirror {

namespace {

void print(const RebuildResult& result) {
  fmt::print("index      {} media, {} assets, {} held\n", format_count(result.media),
             format_count(result.assets), format_count(result.held));
  if (result.catalogue_run != 0) {
    fmt::print("from       what was kept of run {}\n", result.catalogue_run);
  } else {
    fmt::print("from       the published tree alone: no kept run could be read\n");
  }
  fmt::print("blobs      {} known, {} that nothing names (gc removes them)\n", format_count(result.blobs),
             format_count(result.unknown_blobs));
  fmt::print("media/     {} files; {} put in place again\n", format_count(result.published.files),
             format_count(result.published.added + result.published.replaced));
  if (result.taken_back > 0)
    fmt::print("           {} blobs were lost and taken back from there\n", format_count(result.taken_back));
  if (result.without_url > 0)
    fmt::print("           {} pictures are known from the tree alone: the next sync fetches them once more\n",
               format_count(result.without_url));
  if (result.lost > 0)
    fmt::print("           the bytes of {} files are gone: the next sync fetches them\n",
               format_count(result.lost));
  for (const std::string& note : result.notes) fmt::print("note: {}\n", note);
  for (const std::string& clash : result.published.clashes) fmt::print("note: {}\n", clash);
  fmt::print(
      "What cannot be known is gone: the attempts at each picture, reports of earlier runs, when each file "
      "was last\n"
      "verified, what tells near duplicates, and the products. The next sync walks the complete listing and "
      "looks at\n"
      "every item, without fetching what is held. `medimirror verify --depth content` says whether all bytes "
      "are right.\n");
  if (!result.old_index.empty())
    fmt::print("The old index is in {}; remove it when all is well.\n", result.old_index.native());
}

}  // namespace

ExitStatus rebuild_command(const Config& config) {
  if (!std::filesystem::exists(config.store_dir) &&
      !std::filesystem::exists(config.media_dir / "manifest.jsonl"))
    throw Error(ErrorKind::usage, fmt::format("there is no mirror in {} yet: `medimirror sync` makes it",
                                              config.root.native()));
  const SystemClock clock;
  const StoreLock lock(config.store_dir, "rebuild");
  const RebuildResult result = rebuild({config.store_dir, publish_options(config)}, clock);
  write_tree_gauges(config);
  print(result);
  return result.published.clashes.empty() ? ExitStatus::done : ExitStatus::some_failed;
}

}  // namespace medimirror
