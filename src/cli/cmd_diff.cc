#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/commands.h"
#include "upkeep/history.h"

namespace medimirror {

namespace {

RunNumber tree_of(const Config& config, RunNumber run) {
  const std::optional<KeptList> kept = kept_tree_of(config.store_dir, run);
  if (!kept)
    throw Error(
        ErrorKind::usage,
        fmt::format("the tree of run {} is not kept (any more): `medimirror history` shows which are", run));
  return kept->run;
}

void print_json(const TreeDifference& difference) {
  nlohmann::ordered_json json = {{"media_id", difference.key.media}, {"format", difference.key.format}};
  const auto put = [&](const char* when, const std::optional<PublishedRecord>& record) {
    if (record)
      json[when] = {{"path", record->path},
                    {"sha256", record->digest.hex()},
                    {"bytes", record->bytes},
                    {"mtime", record->mtime}};
  };
  put("before", difference.before);
  put("after", difference.after);
  fmt::print("{}\n", json.dump());
}

void print_line(const TreeDifference& difference) {
  if (!difference.before) {
    fmt::print("+ {}\n", difference.after->path);
  } else if (!difference.after) {
    fmt::print("- {}\n", difference.before->path);
  } else if (difference.before->path == difference.after->path) {
    fmt::print("~ {}\n", difference.after->path);
  } else {
    fmt::print("> {} -> {}{}\n", difference.before->path, difference.after->path,
               difference.before->digest == difference.after->digest ? "" : " (another picture)");
  }
}

}  // namespace

ExitStatus diff_command(const Config& config, RunNumber from, RunNumber to, bool json) {
  require_store(config);
  std::uint64_t added = 0, removed = 0, changed = 0;
  diff_trees(config.store_dir, tree_of(config, from), tree_of(config, to),
             [&](const TreeDifference& difference) {
               ++(!difference.before ? added : !difference.after ? removed : changed);
               if (json) {
                 print_json(difference);
               } else {
                 print_line(difference);
               }
             });
  std::fflush(stdout);
  fmt::print(stderr, "from run {} to run {}: {} added, {} changed, {} removed\n", from, to, added, changed,
             removed);
  return ExitStatus::done;
}

}  // namespace medimirror
