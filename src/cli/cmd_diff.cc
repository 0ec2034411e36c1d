#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/open_mirror.h"
#include "history/history.h"

namespace medimirror {

namespace {

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
  RunNumber before = 0, after = 0;
  {
    const std::unique_ptr<Index> index = open_mirror(config);
    const IndexView view = index->view();
    before = named_tree(config.store_dir, view, from).run;
    after = named_tree(config.store_dir, view, to).run;
  }
  std::uint64_t added = 0, removed = 0, changed = 0;
  diff_trees(config.store_dir, before, after, [&](const TreeDifference& difference) {
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
