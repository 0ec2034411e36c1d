#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/units.h"
#include "cli/commands.h"
#include "cli/open_mirror.h"
#include "history/history.h"
#include "history/undo.h"
#include "report/run_outcome.h"

namespace medimirror {

namespace {

struct Line {
  RunNumber run = 0;
  UnixSeconds at = 0;
  std::string command = "sync", outcome;
  std::uint64_t added = 0, replaced = 0, removed = 0;
  std::optional<KeptList> tree;  // nothing: this run changed nothing
};

Line line_of(RunNumber run, const RunRecord& record) {
  Line line;
  line.run = run;
  line.at = record.started;
  const auto report = nlohmann::json::parse(record.report, nullptr, false);
  if (!report.is_object()) return line;
  line.command = report.value("command", "sync");
  line.outcome = report.value("outcome", "");
  const auto published = report.find("published");
  if (published == report.end() || !published->is_object()) return line;
  line.added = published->value("added", std::uint64_t{0});
  line.replaced = published->value("replaced", std::uint64_t{0});
  line.removed = published->value("removed", std::uint64_t{0});
  return line;
}

std::string kept_as(const KeptList& tree) {
  return tree.base == 0
             ? fmt::format("kept whole, {}", format_bytes(tree.bytes))
             : fmt::format("kept as the difference to run {}, {}", tree.base, format_bytes(tree.bytes));
}

void print(const Line& line) {
  const std::string start = fmt::format("run {:<5} {}  {:<8}", line.run, format_utc(line.at), line.command);
  if (line.tree) {
    fmt::print("{}{:>10} files  +{} ~{} -{}  {}\n", start, format_count(line.tree->entries), line.added,
               line.replaced, line.removed, kept_as(*line.tree));
  } else {
    fmt::print("{}the tree stayed as it was{}\n", start,
               line.outcome.empty() || line.outcome == row_of(RunOutcome::done).word
                   ? ""
                   : fmt::format(" ({})", line.outcome));
  }
}

nlohmann::ordered_json as_json(const Line& line) {
  nlohmann::ordered_json json = {
      {"run", line.run}, {"at", line.at}, {"command", line.command}, {"outcome", line.outcome}};
  json["changed"] = line.tree.has_value();
  if (!line.tree) return json;
  json["files"] = line.tree->entries;
  json["added"] = line.added;
  json["replaced"] = line.replaced;
  json["removed"] = line.removed;
  json["base"] = line.tree->base;
  json["bytes_kept"] = line.tree->bytes;
  return json;
}

}  // namespace

ExitStatus history_command(const Config& config, const HistoryFlags& flags) {
  std::map<RunNumber, Line> lines;
  std::optional<HeldTree> held;
  {
    const std::unique_ptr<Index> index = open_mirror(config);
    const IndexView view = index->view();
    view.each_run([&](RunNumber run, const RunRecord& record) {
      lines.emplace(run, line_of(run, record));
      return true;
    });
    held = held_tree(view);
  }
  for (const KeptList& tree : kept_lists(config.store_dir, KeptKind::tree)) {
    Line& line = lines[tree.run];
    line.run = tree.run;
    if (line.at == 0) line.at = tree.at;
    line.tree = tree;
  }
  const std::size_t skipped = flags.all || lines.size() <= kHistoryShown ? 0 : lines.size() - kHistoryShown;
  auto first = lines.begin();
  std::advance(first, static_cast<std::ptrdiff_t>(skipped));
  if (flags.json) {
    nlohmann::ordered_json json;
    json["runs"] = nlohmann::json::array();
    for (auto at = lines.begin(); at != lines.end(); ++at) json["runs"].push_back(as_json(at->second));
    if (held) json["held_at"] = held->run;
    fmt::print("{}\n", json.dump());
    return ExitStatus::done;
  }
  if (skipped > 0) fmt::print("{} earlier runs: --all shows them\n", skipped);
  for (; first != lines.end(); ++first) print(first->second);
  if (lines.empty()) fmt::print("no run yet: `medimirror sync` makes the first\n");
  if (held)
    fmt::print(
        "media/ is held at the tree of run {} since {}: `medimirror undo --release` lets it follow the "
        "catalogue "
        "again\n",
        held->run, format_utc(held->since));
  return ExitStatus::done;
}

}  // namespace medimirror
