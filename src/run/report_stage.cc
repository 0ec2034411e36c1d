#include "run/report_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/file.h"
#include "base/units.h"
#include "history/undo.h"
#include "report/metrics.h"
#include "run/listing_drive.h"
#include "store/trusted_time.h"

namespace medimirror {

namespace {

// Wanted, listed in this run, and not tried.
std::uint64_t count_pending(const PipelineResult& result, const IndexView& view, RunNumber run) {
  if (result.queue_done) return 0;
  std::uint64_t pending = 0;
  for (std::optional<AssetKey> after;;) {
    const std::vector<AssetKey> some = view.queued(after, 10'000);
    if (some.empty()) return pending;
    for (const AssetKey& key : some) {
      if (!std::ranges::binary_search(result.seen, key.media)) continue;
      const std::optional<AssetRecord> record = view.asset(key);
      const bool tried = record && record->state == AssetState::failed && !record->attempts.empty() &&
                         record->attempts.back().run == run;
      if (!tried) ++pending;
    }
    after = some.back();
  }
}

// What a run that broke off listed and did not account for: on its way to a thread that had ended.
std::uint64_t unaccounted(const RunReport& report) {
  const RunReport::Items& items = report.items;
  const std::uint64_t listed =
      (items.listed - std::min(items.listed, items.links)) * report.formats + items.carried_over;
  const std::uint64_t told = items.filtered + report.in() + items.failed;
  return listed - std::min(listed, told);
}

// "since 17:43 UTC"; with the date where that is long ago.
std::string since_when(SteadyTime since, const Clock& clock) {
  const auto ago = std::chrono::duration_cast<std::chrono::seconds>(clock.steady_now() - since);
  const std::string time = format_utc(clock.unix_now() - ago.count());
  return fmt::format("since {}", ago < std::chrono::hours(12) ? time.substr(11, 5) + " UTC" : time);
}

std::string joined(const std::vector<HostTrouble>& trouble, const Clock& clock) {
  std::string text;
  for (const HostTrouble& host : trouble) {
    if (!text.empty()) text += "; ";
    text += host.outage ? fmt::format("{} {}", host.outage->clause, since_when(host.outage->since, clock))
                        : host.sentence;
  }
  return text;
}

RunOutcome outcome_of(const Ending& ending, const RunReport& report) {
  if (ending.stopped) return RunOutcome::interrupted;
  if (ending.over_limit) return RunOutcome::safety_limit;
  if (ending.listing_cut || std::ranges::any_of(ending.trouble, &HostTrouble::try_later))
    return RunOutcome::try_later;
  if (report.dry_run) return RunOutcome::dry_run;
  const bool refused = report.products && report.products->refused;
  const bool partial = refused || report.items.failed > 0 || report.items.pending > 0 ||
                       !report.published.clashes.empty() || !report.view_clashes.empty();
  return partial ? RunOutcome::partial : RunOutcome::done;
}

std::string why_unfinished(const Ending& ending, const Clock& clock, const RunReport& report) {
  if (ending.stopped) return "";
  if (!ending.trouble.empty()) return joined(ending.trouble, clock);
  if (!ending.listing_cut) return "";
  const bool of_media = !report.listing.cut_reason.empty();
  const std::string reason =
      of_media || !report.products ? report.listing.cut_reason : report.products->cut_reason;
  return fmt::format(
      "the listing of {} {}{}{}", of_media ? "media" : "products",
      of_media && (report.listing.bad_places > 0 || report.listing.doubted) ? "has holes" : "was cut short",
      reason.empty() ? "" : ", ", reason);
}

}  // namespace

void begin_report(const IndexView& view, RunReport& report) {
  report.run = view.last_run().value_or(std::pair{RunNumber{0}, RunRecord{}}).first + 1;
  report.published.files = view.published_count();
  report.published.tree = TreeState::as_before;
  if (const std::optional<HeldTree> held = held_tree(view)) {
    report.held = {held->run, held->since};
    report.published.tree = TreeState::held;
  }
}

void report_listing(const Listing& listing, RunReport& report) {
  const bool begun =
      listing.requests() > 0 || listing.items() > 0 || listing.state() != Listing::State::running;
  report.listing.by = begun ? listed_by(listing.mode()) : ListedBy::not_reached;
  report.listing.total = listing.total().value_or(0);
  report.listing.cut_reason = listing.cut_reason();
  report.listing.shifted = listing.state() == Listing::State::shifted;
  report.listing.malformed += listing.malformed();
  report.listing.bad_places = listing.bad_places().count();
  report.listing.places = listing.bad_places().first();
  report.requests.api += listing.requests();
}

void report_items(const PipelineResult& result, const IndexView& view, RunReport& report) {
  const Writer::Totals& written = result.written;
  const CatalogueWalk::Totals& same = result.unchanged;
  RunReport::Items& items = report.items;
  items.listed = result.listed;
  items.links = same.links + written.links;
  items.filtered = same.filtered + written.filtered;
  items.fallback = written.fallback;
  items.fetched = written.fetched;
  items.deduplicated = written.deduplicated;
  items.not_modified = written.not_modified;
  items.failed = written.failed;
  items.pending = count_pending(result, view, report.run);
  items.carried_over = result.tried_carried_over;
  const std::uint64_t listed_assets = same.assets + written.assets;
  items.unchanged = listed_assets - std::min(listed_assets, result.tried_listed + items.pending);
  if (result.failure) items.pending = unaccounted(report);
  report.bytes = {result.bytes_downloaded, written.stored_bytes};
  report.requests.media = result.requests;
  report.requests.retries = result.retries;
  report.failures = written.failures;
  std::ranges::sort(report.failures, {}, [](const ReportedFailure& failure) {
    return std::pair<MediaId, const std::string&>(failure.media_id, failure.format);
  });
  for (const std::string& note : written.notes) report.notes.push_back(note);
  for (const HostTrouble& trouble : result.trouble) report.notes.push_back(trouble.sentence);
}

void report_clock(std::optional<UnixSeconds> of_service, const Clock& clock, RunReport& report) {
  const UnixSeconds ours = clock.unix_now();
  if (!of_service || trusted_now(*of_service, ours) == ours) return;
  report.notes.push_back(
      fmt::format("the clock of this machine says {}, that of the service {}: what retires or is kept for a "
                  "time goes by the "
                  "service; set the clock, see `medimirror doctor`",
                  format_utc(ours), format_utc(*of_service)));
}

void report_error(const Error& error, RunReport& report) {
  report.outcome = outcome_of(error.kind());
  report.error = error.what();
  report.exit_code = static_cast<int>(exit_status_of(error.kind()));
}

void report_ending(const Ending& ending, const Clock& clock, RunReport& report) {
  report.outcome = outcome_of(ending, report);
  report.exit_code = static_cast<int>(row_of(report.outcome).exit_status);
  report.unfinished = why_unfinished(ending, clock, report);
}

void write_down(const RunReport& report, const std::filesystem::path& reports_folder, Index* index,
                UnixSeconds now) {
  std::optional<Error> first;
  const auto attempt = [&](const std::function<void()>& write) {
    try {
      write();
    } catch (const Error& error) {
      if (!first) first = error;
    }
  };
  const std::string json = to_json(report);
  // the smallest first: it is what raises the alarm when the disk is full
  attempt([&] { write_metrics(reports_folder / "metrics.prom", report); });
  attempt([&] { replace_file(reports_folder / "last-run.txt", to_text(report)); });
  attempt([&] { replace_file(reports_folder / "last-run.json", json + "\n"); });
  if (index != nullptr)
    attempt([&] {
      IndexGroup group = index->group();
      group.put_run(report.run, {report.started, now, report.exit_code, report.listing.complete, json});
      group.commit();
    });
  if (first) throw *first;
}

}  // namespace medimirror
