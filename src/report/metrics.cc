#include "report/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace medimirror {

namespace {

std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n')
      text += "\\n";
    else
      text += c;
  }
  return text;
}

constexpr std::string_view kHelp = "# HELP medimirror_";

// All samples of a metric stand together behind its two heading lines, as the format demands. Metrics come in one order,
// whether they are known or not.
class Exposition {
 public:
  void metric(std::string_view name, std::string_view help, bool known = true) {
    blocks_.push_back({name, {}});
    known_ = known;
    if (known)
      fmt::format_to(std::back_inserter(blocks_.back().text), "{}{} {}\n# TYPE medimirror_{} gauge\n", kHelp,
                     name, help, name);
  }
  template <typename Number>
  void value(Number number) {
    if (known_) fmt::format_to(std::back_inserter(blocks_.back().text), "medimirror_{} {}\n", name(), number);
  }
  template <typename Number>
  void value(std::string_view label, std::string_view of, Number number) {
    if (known_)
      fmt::format_to(std::back_inserter(blocks_.back().text), "medimirror_{}{{{}=\"{}\"}} {}\n", name(),
                     label, escaped(of), number);
  }

  // What is not known here is taken from `before`.
  std::string text(std::string_view before = {}) const {
    std::string text;
    for (const Block& block : blocks_) text += block.text.empty() ? block_of(before, block.name) : block.text;
    return text;
  }

 private:
  struct Block {
    std::string_view name;
    std::string text;  // empty: not known
  };
  std::string_view name() const { return blocks_.back().name; }

  static std::string_view block_of(std::string_view text, std::string_view name) {
    const std::size_t begin = text.find(fmt::format("{}{} ", kHelp, name));
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, std::min(text.find(kHelp, begin + 1), text.size()) - begin);
  }

  std::vector<Block> blocks_;
  bool known_ = true;
};

void add_run(const RunReport& report, bool known, Exposition& out) {
  out.metric("last_run_started_seconds", "When the last run began, in seconds since 1970.", known);
  out.value(report.started);
  out.metric("last_run_duration_seconds", "How long the last run took.", known);
  out.value(report.seconds);
  out.metric("last_run_exit_code", "Exit code of the last run: 0 done, 3 some items failed.", known);
  out.value(report.exit_code);
  out.metric("last_run_listing_complete", "1 when the service's listing was walked to its end.", known);
  out.value(report.listing.complete ? 1 : 0);
}

void add_items(const RunReport& report, bool known, Exposition& out) {
  const RunReport::Items& items = report.items;
  out.metric("last_run_media", "Media items of the last run, by what they are.", known);
  out.value("what", "listed", items.listed);
  out.value("what", "links", items.links);
  out.metric("last_run_items", "Pictures of the last run, by outcome.", known);
  out.value("outcome", "filtered", items.filtered);
  out.value("outcome", "fetched", items.fetched);
  out.value("outcome", "unchanged", items.unchanged);
  out.value("outcome", "not_modified", items.not_modified);
  out.value("outcome", "failed", items.failed);
  out.value("outcome", "pending", items.pending);
  out.metric("last_run_retired", "Pictures that the service no longer lists.", known);
  out.value(items.retired);

  std::map<std::string, std::uint64_t> reasons;
  for (const ReportedFailure& failure : report.failures) ++reasons[failure.reason];
  out.metric("last_run_failures", "Failed pictures of the last run, by reason.", known);
  for (const auto& [reason, count] : reasons) out.value("reason", reason, count);
}

void add_traffic(const RunReport& report, bool known, Exposition& out) {
  out.metric("last_run_bytes", "Bytes of the last run.", known);
  out.value("what", "downloaded", report.bytes.downloaded);
  out.value("what", "stored", report.bytes.stored);
  out.metric("last_run_requests", "Requests of the last run.", known);
  out.value("to", "api", report.requests.api);
  out.value("to", "media", report.requests.media);
  out.metric("last_run_retries", "Requests of the last run that were repeated.", known);
  out.value(report.requests.retries);
}

void add_tree(const TreeGauges& tree, bool known, Exposition& out) {
  out.metric("published_files", "Files in the published directory after the last run.", known);
  out.value(tree.files);
  out.metric("tree_held", "1 while media/ is held at the tree of an earlier run (undo).", known);
  out.value(tree.held ? 1 : 0);
}

void add_changes(const RunReport& report, bool known, Exposition& out) {
  out.metric("last_run_published", "Changes of the published directory by the last run.", known);
  out.value("change", "added", report.published.added);
  out.value("change", "replaced", report.published.replaced);
  out.value("change", "removed", report.published.removed);
}

Exposition of_report(const RunReport& report) {
  const TreeState tree = report.published.tree;
  // a run that ended before anything was listed has counted nothing
  const bool counted = report.items.listed > 0 || report.listing.complete ||
                       (report.listing.by == ListedBy::nothing && report.error.empty());
  Exposition out;
  add_run(report, true, out);
  add_items(report, counted, out);
  add_traffic(report, true, out);
  add_tree({report.published.files, report.held.has_value()},
           tree != TreeState::unknown && tree != TreeState::begun, out);
  add_changes(report, tree != TreeState::unknown && tree != TreeState::begun, out);
  return out;
}

void replace(const std::filesystem::path& file, const Exposition& exposition) {
  replace_file(file, exposition.text(read_file_if_exists(file).value_or("")));
}

}  // namespace

void write_metrics(const std::filesystem::path& file, const RunReport& report) {
  replace(file, of_report(report));
}

void write_tree_metrics(const std::filesystem::path& file, const TreeGauges& tree) {
  const RunReport none;
  Exposition out;
  add_run(none, false, out);
  add_items(none, false, out);
  add_traffic(none, false, out);
  add_tree(tree, true, out);
  add_changes(none, false, out);
  replace(file, out);
}

}  // namespace medimirror
