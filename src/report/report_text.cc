// The report for people: first what became of the run, then the numbers, then what failed and what to do
// about it.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/foreign_text.h"
#include "base/units.h"
#include "report/advice.h"
#include "report/headline.h"
#include "report/run_report.h"

namespace medimirror {

namespace {

constexpr std::size_t kExamplesMax = 3;
constexpr std::size_t kClashesShownMax = 10;

std::string pictures(std::uint64_t count) {
  return counted(count, "picture", "pictures");
}

class Text {
 public:
  template <typename... Args>
  void line(fmt::format_string<Args...> text, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), text, std::forward<Args>(args)...);
    text_ += '\n';
  }
  void blank() { text_ += '\n'; }
  // A row of the table of numbers; rows of nothing would only hide the others.
  void row(std::string_view name, std::uint64_t count, std::string_view remark = {}) {
    if (count == 0) return;
    line("  {:<14}{:>13}{}{}", name, format_count(count), remark.empty() ? "" : "   ", remark);
  }
  std::string take() && { return std::move(text_); }

 private:
  std::string text_;
};

// What a listing of media or products came to, behind the number of what it named.
std::string how_whole(ListedBy by, bool complete) {
  return fmt::format("by {}, {}", name_of(by), complete ? "complete" : "NOT complete");
}

std::string why_cut(const RunReport& report, const std::string& cut_reason) {
  if (!cut_reason.empty()) return shown(cut_reason);
  return report.outcome == RunOutcome::interrupted ? "the run was stopped"
                                                   : "the run ended before, see above";
}

void write_listing(const RunReport& report, Text& text) {
  const RunReport::Listing& listing = report.listing;
  if (listing.by == ListedBy::not_reached) {
    text.line("Listing: not begun, the run ended before; nothing was removed.");
    return;
  }
  if (listing.by == ListedBy::nothing) {
    text.line("Listing: not asked for; only what was waiting or had failed was tried.");
    return;
  }
  if (listing.complete) {
    text.line("Listing: {} {}.", counted(listing.total, "media item", "media items"),
              how_whole(listing.by, true));
  } else {
    text.line("Listing: {}{} {}.", counted(report.items.listed, "media item", "media items"),
              listing.total > 0 ? fmt::format(" of {}", format_count(listing.total)) : "",
              how_whole(listing.by, false));
    text.line("  Why: {}.", why_cut(report, listing.cut_reason));
    if (!report.dry_run)
      text.line(
          "  What it did not name may only be missing from the listing, so nothing was removed for that, and "
          "the "
          "next run asks for it again.");
  }
  if (listing.bad_places > 0) {
    text.line("  {} of it could not be read as it came:", counted(listing.bad_places, "place", "places"));
    for (const std::string& place : listing.places) text.line("    {}", shown(place));
    if (listing.bad_places > listing.places.size())
      text.line("    and {} more", format_count(listing.bad_places - listing.places.size()));
  }
  if (listing.malformed > 0)
    text.line("  {} could not be understood and {} left out.", counted(listing.malformed, "entry", "entries"),
              listing.malformed == 1 ? "was" : "were");
}

void write_products(const RunReport& report, Text& text) {
  if (!report.products) return;
  const RunReport::Products& products = *report.products;
  if (products.by == ListedBy::not_reached) {
    text.line("Products: not listed, the run ended before.");
  } else if (products.by != ListedBy::nothing) {
    text.line("Products: {} {}; {} new or changed, {} gone.", counted(products.listed, "product", "products"),
              how_whole(products.by, products.complete), format_count(products.changed),
              format_count(products.removed));
    if (!products.complete) text.line("  Why: {}.", why_cut(report, products.cut_reason));
  } else if (!products.cut_reason.empty()) {
    text.line("Products: not listed, {}.", shown(products.cut_reason));
  }
  if (!products.codes) return;
  const RunReport::Products::Codes& codes = *products.codes;
  text.line("Codes: {} asked for, {} found, {} wrong; they name {}.", format_count(codes.asked),
            format_count(codes.found), format_count(codes.wrong), pictures(codes.media));
  if (codes.missing > 0)
    text.line("  {} no picture, or a lesser one: see missing.xlsx, .csv or .json in the reports folder.",
              counted(codes.missing, "code has", "codes have"));
}

std::string_view why_pending(const RunReport& report) {
  if (report.dry_run) return "would be fetched";
  switch (report.outcome) {
    case RunOutcome::interrupted:
      return "not tried yet: the run was stopped before";
    case RunOutcome::failed:
      return "not in yet: the run ended before they were tried or kept";
    case RunOutcome::done:
    case RunOutcome::partial:
    case RunOutcome::safety_limit:
    case RunOutcome::try_later:
    case RunOutcome::dry_run:
    case RunOutcome::unknown:
      break;
  }
  return "not tried yet: their host was left alone, see above";
}

void write_items(const RunReport& report, Text& text) {
  const RunReport::Items& items = report.items;
  text.line("Pictures:");
  text.row("unchanged", items.unchanged);
  text.row("fetched", items.fetched,
           items.deduplicated == 0
               ? format_bytes(report.bytes.downloaded)
               : fmt::format("{}; the bytes of {} were held already", format_bytes(report.bytes.downloaded),
                             format_count(items.deduplicated)));
  text.row("not modified", items.not_modified, "asked for, and the same as what is held");
  text.row("filtered", items.filtered, "not wanted, or not given in the format asked for");
  text.row("failed", items.failed);
  text.row("pending", items.pending, why_pending(report));
  if (items.unchanged + items.fetched + items.not_modified + items.filtered + items.failed + items.pending ==
      0)
    text.line("  {}",
              report.listing.by == ListedBy::not_reached ? "not looked at, the run ended before" : "none");
  if (items.fallback > 0)
    text.line(
        "  {} came in another format than asked for, as that one is not given; "
        "`medimirror show ID` tells of one.",
        pictures(items.fallback));
  if (items.carried_over > 0)
    text.line("  {} of these {} left over from an earlier run.", format_count(items.carried_over),
              items.carried_over == 1 ? "was" : "were");
  if (items.links > 0)
    text.line("  {} {} no picture.", counted(items.links, "link", "links"),
              items.links == 1 ? "has" : "have");
  if (items.media_filtered_by_kind > 0)
    text.line("  {} left out by kind.",
              counted(items.media_filtered_by_kind, "media item was", "media items were"));
  if (items.unconfirmed > 0)
    text.line(
        "  {} no longer listed; {} until {} complete listings in a row lack {} (`sync --retire-now`: at "
        "once).",
        counted(items.unconfirmed, "picture is", "pictures are"),
        items.unconfirmed == 1 ? "it stays" : "they stay", format_count(report.confirmations),
        items.unconfirmed == 1 ? "it" : "them");
  if (items.retired > 0)
    text.line(
        "  {} no longer listed and retired; {} kept for the grace period and can be brought back with "
        "`medimirror undo`.",
        counted(items.retired, "picture is", "pictures are"), items.retired == 1 ? "it is" : "they are");
}

void write_tree(const RunReport& report, Text& text) {
  const RunReport::Published& published = report.published;
  const std::string files = counted(published.files, "file", "files");
  switch (published.tree) {
    case TreeState::unknown:
      text.line("Published: as before, the run ended before it looked.");
      return;
    case TreeState::as_before:
      text.line("Published: {}, as before{}.", files,
                report.dry_run ? "" : ": the run ended before it published");
      return;
    case TreeState::held:
      text.line("Published: {}, held and left alone.", files);
      return;
    case TreeState::begun:
      text.line("Published: broken off before it was whole; the next run brings it to its end.");
      return;
    case TreeState::published:
      break;
  }
  if (published.added + published.replaced + published.removed == 0)
    text.line("Published: {}, none changed.", files);
  else
    text.line("Published: {}: {} added, {} replaced, {} removed.", files, format_count(published.added),
              format_count(published.replaced), format_count(published.removed));
}

void write_published(const RunReport& report, Text& text) {
  write_tree(report, text);
  const RunReport::Published& published = report.published;
  for (std::size_t at = 0; at < std::min(published.clashes.size(), kClashesShownMax); ++at)
    text.line("  ! {}", shown(published.clashes[at]));
  if (published.clashes.size() > kClashesShownMax)
    text.line("  ! and {} more clashes of paths", format_count(published.clashes.size() - kClashesShownMax));
}

void write_views(const RunReport& report, Text& text) {
  for (const ViewSummary& view : report.views)
    text.line("View {}: {}{}.", view.name, counted(view.files, "file", "files"),
              view.products == 0 ? "" : " of " + counted(view.products, "product", "products"));
  for (std::size_t at = 0; at < std::min(report.view_clashes.size(), kClashesShownMax); ++at)
    text.line("  ! {}", shown(report.view_clashes[at]));
  if (report.view_clashes.size() > kClashesShownMax)
    text.line("  ! and {} more clashes of paths: see view_clashes in last-run.json",
              format_count(report.view_clashes.size() - kClashesShownMax));
}

struct Group {
  std::string_view reason;
  std::vector<const ReportedFailure*> failures;
};

std::vector<Group> by_reason(const std::vector<ReportedFailure>& failures) {
  std::map<std::string_view, std::size_t> places;
  std::vector<Group> groups;
  for (const ReportedFailure& failure : failures) {
    const auto [place, fresh] = places.emplace(failure.reason, groups.size());
    if (fresh) groups.push_back({failure.reason, {}});
    groups[place->second].failures.push_back(&failure);
  }
  std::ranges::stable_sort(groups, std::ranges::greater{},
                           [](const Group& group) { return group.failures.size(); });
  return groups;
}

void write_group(const Group& group, Text& text) {
  const Advice advice = advice_for(group.reason);
  text.line("  {} × {}: {}.", format_count(group.failures.size()), shown(group.reason), advice.meaning);
  for (std::size_t at = 0; at < std::min(group.failures.size(), kExamplesMax); ++at) {
    const ReportedFailure& failure = *group.failures[at];
    text.line("      {} {}  {}", failure.media_id, shown(failure.format), shown(failure.url));
    if (!failure.detail.empty())
      text.line("        {} ({})", shown(failure.detail), counted(failure.attempts, "request", "requests"));
  }
  if (group.failures.size() > kExamplesMax)
    text.line("      … and {} more", format_count(group.failures.size() - kExamplesMax));
  text.line("    To do: {}", advice.to_do);
}

void write_failures(const RunReport& report, Text& text) {
  if (report.failures.empty()) return;
  text.blank();
  text.line("Failures:");
  for (const Group& group : by_reason(report.failures)) write_group(group, text);
  if (report.items.failed > report.failures.size())
    text.line("  Only {} of {} failures are listed one by one.", format_count(report.failures.size()),
              format_count(report.items.failed));
}

void write_notes(const RunReport& report, Text& text) {
  if (report.notes.empty()) return;
  text.blank();
  text.line("Notes:");
  for (const std::string& note : report.notes) text.line("  - {}", shown(note));
}

}  // namespace

std::string to_text(const RunReport& report) {
  Text text;
  const std::string first = headline(report);
  text.line("medimirror {}: {}.", report.command, first);
  if (!report.error.empty() && first.find(shown(report.error)) == std::string::npos)
    text.line("Error: {}.", shown(report.error));
  text.line("{}, started {}, took {}.", report.run == 0 ? "No run" : fmt::format("Run {}", report.run),
            format_utc(report.started),
            format_duration(Millis(static_cast<std::int64_t>(report.seconds * 1000))));
  text.blank();
  write_listing(report, text);
  write_products(report, text);
  write_items(report, text);
  write_published(report, text);
  write_views(report, text);
  text.line("Requests: {} to the API, {} for pictures, {} of them repeated.",
            format_count(report.requests.api), format_count(report.requests.media),
            format_count(report.requests.retries));
  write_notes(report, text);
  write_failures(report, text);
  return plain_lines(std::move(text).take());
}

}  // namespace medimirror
