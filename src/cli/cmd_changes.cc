#include <fmt/format.h>

#include <cstdio>

#include "base/error.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/open_mirror.h"
#include "config/arguments.h"
#include "history/push_list.h"
#include "store/store_lock.h"

namespace medimirror {

namespace {

void require_run(const Config& config, RunNumber run) {
  named_tree(config.store_dir, open_mirror(config)->view(), run);
}

std::string summary(const PushList& list) {
  if (list.from == 0)
    return fmt::format(
        "{} paths: every file of media/, as it is since run {}; what a copy has beyond them stays there, "
        "unless you push "
        "all of media/ once with `rsync --delete`",
        format_count(list.paths), list.to);
  if (list.paths == 0) return fmt::format("nothing changed in media/ since run {}", list.from);
  return fmt::format("{} paths changed from run {} to run {}", format_count(list.paths), list.from, list.to);
}

}  // namespace

ExitStatus changes_command(const Config& config, const ChangesFlags& flags) {
  require_store(config);
  if (!flags.pushed.empty()) {
    refuse_root_where_others_own(config.reports_dir());
    const RunNumber run =
        note_pushed(config.reports_dir(), flags.target, path_argument("--pushed", flags.pushed));
    fmt::print(stderr, "{} is taken to have everything up to run {}\n", flags.target, run);
    return ExitStatus::done;
  }
  std::optional<RunNumber> since = flags.since;
  if (since)
    require_run(config, *since);
  else
    since = pushed_run(config.reports_dir(), flags.target);
  const PushList list =
      write_push_list(config.store_dir, since, [](std::string_view line) { fmt::print("{}\n", line); });
  std::fflush(stdout);
  fmt::print(stderr, "{}\n", summary(list));
  if (since && list.from == 0)
    fmt::print(stderr, "note: the tree of run {}, up to which {} was pushed, is not kept any more\n", *since,
               flags.target);
  return ExitStatus::done;
}

}  // namespace medimirror
