#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/open_mirror.h"
#include "cli/publish_options.h"
#include "cli/tree_gauges.h"
#include "history/history.h"
#include "history/undo.h"
#include "report/run_report.h"
#include "store/local_blob_store.h"
#include "store/sound_index.h"

namespace medimirror {

namespace {

void write_down(const Config& config, const UndoResult& result, Index& index, UnixSeconds started,
                const Clock& clock) {
  const RunNumber run = index.view().last_run().value_or(std::pair{RunNumber{0}, RunRecord{}}).first + 1;
  RunReport report;
  report.command = "undo";
  report.listing.by = ListedBy::nothing;
  report.outcome = RunOutcome::done;
  report.run = run;
  report.started = started;
  report.published = {result.published.files,   result.published.added,   result.published.replaced,
                      result.published.removed, result.published.clashes, TreeState::held};
  report.notes.push_back(fmt::format("media/ was brought back to the tree of run {}", result.run));
  keep_history(config.store_dir, run, clock.unix_now(), index.view());
  IndexGroup group = index.group();
  group.put_run(run, {started, clock.unix_now(), 0, false, to_json(report)});
  group.commit();
}

void print(const UndoResult& result, const UndoFlags& flags) {
  if (flags.json) {
    nlohmann::ordered_json json = {{"run", result.run},
                                   {"done", result.done},
                                   {"dry_run", flags.dry_run},
                                   {"files", result.published.files},
                                   {"added", result.published.added},
                                   {"replaced", result.published.replaced},
                                   {"removed", result.published.removed},
                                   {"missing", result.missing_count},
                                   {"missing_paths", result.missing}};
    fmt::print("{}\n", json.dump());
    return;
  }
  for (const std::string& path : result.missing) fmt::print("gone: {}\n", path);
  if (result.missing_count > result.missing.size())
    fmt::print("… and {} more\n", result.missing_count - result.missing.size());
  fmt::print("{} the tree of run {} ({}): {} files, {} put back, {} changed, {} taken out\n",
             result.done     ? "media/ is"
             : flags.dry_run ? "would bring back"
                             : "not brought back:",
             result.run, format_utc(result.at), format_count(result.published.files),
             format_count(result.published.added), format_count(result.published.replaced),
             format_count(result.published.removed));
  for (const std::string& clash : result.published.clashes) fmt::print("{}\n", clash);
  if (result.done)
    fmt::print(
        "It is held there: syncs go on fetching and leave media/ alone, until `medimirror undo --release`. "
        "Mend the\n"
        "cause first (the selection, or what the service lists); then the next sync publishes the catalogue "
        "again.\n");
}

ExitStatus release(const Config& config) {
  const LockedStore store(config.store_dir, "undo", IndexCheck::every_page);
  const bool released = release_tree(config.store_dir, *store.index, SystemClock().unix_now());
  write_tree_gauges(config, *store.index);
  fmt::print("{}\n", released ? "media/ follows the catalogue again, from the next sync on"
                              : "media/ is not held: nothing to release");
  return ExitStatus::done;
}

}  // namespace

ExitStatus undo_command(const Config& config, std::optional<RunNumber> run, const UndoFlags& flags) {
  require_store(config);
  if (flags.release) return release(config);
  const SystemClock clock;
  const UnixSeconds started = clock.unix_now();
  const LockedStore store(config.store_dir, "undo", IndexCheck::every_page);
  const std::unique_ptr<LocalBlobStore> blobs = make_local_blob_store({config.store_dir});
  const UndoResult result = undo({.store_folder = config.store_dir,
                                  .publish = publish_options(config),
                                  .partial = flags.partial,
                                  .dry_run = flags.dry_run},
                                 run, *store.index, *blobs, started);
  if (result.done) {
    write_down(config, result, *store.index, started, clock);
    write_tree_gauges(config, *store.index);
  }
  print(result, flags);
  if (result.done || flags.dry_run)
    return result.missing_count > 0 ? ExitStatus::some_failed : ExitStatus::done;
  throw Error(
      ErrorKind::usage,
      fmt::format(
          "the bytes of {} files of that tree are gone (the grace period is over, or gc ran): nothing "
          "was changed; --partial brings back the others",
          result.missing_count));
}

}  // namespace medimirror
