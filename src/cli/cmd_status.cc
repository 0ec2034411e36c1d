#include <fmt/format.h>

#include <deque>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/open_mirror.h"
#include "history/undo.h"
#include "report/run_outcome.h"
#include "store/index.h"

namespace medimirror {

namespace {

struct Totals {
  std::uint64_t media = 0, unlisted = 0, blobs = 0, blob_bytes = 0, published = 0;
  std::map<AssetState, std::uint64_t> assets;
  std::map<std::string, std::uint64_t> failures;  // by reason
};

Totals count(const IndexView& view) {
  Totals totals;
  totals.media = view.mark_count();
  totals.published = view.published_count();
  view.each_blob([&](const Digest&, const BlobRecord& blob) {
    ++totals.blobs;
    totals.blob_bytes += blob.bytes;
    return true;
  });
  view.each_asset([&](const AssetKey&, const AssetRecord& record) {
    ++totals.assets[record.state];
    if (record.is_absent()) ++totals.unlisted;
    if (record.state == AssetState::failed && !record.attempts.empty())
      ++totals.failures[record.attempts.back().outcome];
    return true;
  });
  return totals;
}

// "exit 7   try_later     listing partial"
std::string ending_of(const RunRecord& run) {
  const auto report = nlohmann::json::parse(run.report, nullptr, false);
  const std::string outcome = report.is_object() ? report.value("outcome", "") : "";
  const bool asked = !report.is_object() || !report.contains("listing") ||
                     report["listing"].value("mode", "") != name_of(ListedBy::nothing);
  return fmt::format("exit {:<3} {:<12} listing {:<9}", run.exit_code, outcome,
                     run.listing_complete ? "complete"
                     : asked              ? "partial"
                                          : "not asked");
}

void print_text(const Config& config, const Totals& totals, const IndexView& view) {
  const auto assets = [&](AssetState state) {
    const auto found = totals.assets.find(state);
    return format_count(found == totals.assets.end() ? 0 : found->second);
  };
  fmt::print("mirror     {}\n", config.root.native());
  fmt::print("media      {} listed\n", format_count(totals.media));
  fmt::print("assets     {} held, {} wanted, {} failed, {} retired\n", assets(AssetState::held),
             assets(AssetState::wanted), assets(AssetState::failed), assets(AssetState::retired));
  if (totals.unlisted > 0)
    fmt::print("           {} no longer listed, kept until enough complete listings confirm it\n",
               format_count(totals.unlisted));
  for (const auto& [reason, number] : totals.failures)
    fmt::print("           {} failed with {}\n", format_count(number), reason);
  fmt::print("blobs      {} ({})\n", format_count(totals.blobs), format_bytes(totals.blob_bytes));
  fmt::print("published  {} files in {}\n", format_count(totals.published), config.media_dir.native());
  if (const std::optional<HeldTree> held = held_tree(view))
    fmt::print(
        "           held at the tree of run {} since {}: syncs leave it alone until `medimirror undo "
        "--release`\n",
        held->run, format_utc(held->since));
  constexpr std::size_t kRunsShown = 5;
  std::deque<std::pair<RunNumber, RunRecord>> last;
  view.each_run([&](RunNumber number, const RunRecord& run) {
    last.emplace_back(number, run);
    if (last.size() > kRunsShown) last.pop_front();
    return true;
  });
  for (const auto& [number, run] : last)
    fmt::print("run {:<6} {}  {} took {}\n", number, format_utc(run.started), ending_of(run),
               format_duration(std::chrono::seconds(run.finished - run.started)));
  if (last.empty()) fmt::print("no run yet: `medimirror sync` makes the first\n");
}

void print_json(const Totals& totals, const IndexView& view) {
  nlohmann::ordered_json json;
  json["media"] = totals.media;
  for (const AssetState state :
       {AssetState::held, AssetState::wanted, AssetState::failed, AssetState::retired}) {
    const auto found = totals.assets.find(state);
    json["assets"][std::string(name_of(state))] = found == totals.assets.end() ? 0 : found->second;
  }
  json["unlisted"] = totals.unlisted;
  json["failures"] = totals.failures;
  json["blobs"] = {{"count", totals.blobs}, {"bytes", totals.blob_bytes}};
  json["published"] = totals.published;
  const std::optional<HeldTree> held = held_tree(view);
  json["held"] =
      held ? nlohmann::ordered_json{{"run", held->run}, {"since", held->since}} : nlohmann::ordered_json();
  if (const auto last = view.last_run())
    json["last_run"] = {{"run", last->first},
                        {"started", last->second.started},
                        {"finished", last->second.finished},
                        {"exit_code", last->second.exit_code},
                        {"listing_complete", last->second.listing_complete}};
  fmt::print("{}\n", json.dump());
}

}  // namespace

ExitStatus status_command(const Config& config, bool json) {
  if (!std::filesystem::exists(config.store_dir / "index")) {
    if (json) {
      fmt::print("{{\"media\":0}}\n");
    } else {
      fmt::print("there is no mirror in {} yet: `medimirror sync` makes it\n", config.root.native());
    }
    return ExitStatus::done;
  }
  const std::unique_ptr<Index> index = open_mirror(config);
  const IndexView view = index->view();
  const Totals totals = count(view);
  if (json) {
    print_json(totals, view);
  } else {
    print_text(config, totals, view);
  }
  return ExitStatus::done;
}

}  // namespace medimirror
