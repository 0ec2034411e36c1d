#include "report/headline.h"

#include <fmt/format.h>

#include "base/foreign_text.h"
#include "base/units.h"

namespace medimirror {

namespace {

constexpr std::size_t kDetailBytesMax = 300;

std::string pictures(std::uint64_t count) {
  return counted(count, "picture", "pictures");
}

// Of a run that did not come to its end: how far it came, and what the next one does.
std::string how_far(const RunReport& report) {
  if (report.dry_run) return "nothing was changed, and what a sync would do is not known in full";
  if (report.wanted() == 0) return "what is held stays as it was, and the next run tries again";
  return fmt::format("{} of {}{} are in, the next run goes on", format_count(report.in()),
                     pictures(report.wanted()), report.listing.complete ? "" : " listed so far");
}

// The reason as a clause: an error's sentence, else what the run noticed.
std::string_view reason(const RunReport& report) {
  return report.error.empty() ? std::string_view(report.unfinished) : std::string_view(report.error);
}

std::string with_reason(std::string_view start, const RunReport& report) {
  return reason(report).empty() ? fmt::format("{}; {}", start, how_far(report))
                                : fmt::format("{}: {}; {}", start, shown(reason(report)), how_far(report));
}

std::string of_partial(const RunReport& report) {
  if (report.items.pending > 0)
    return with_reason("finished, but not every picture could be asked for", report);
  if (report.products && report.products->refused)
    return "finished, but the service does not list its products, see below";
  if (report.items.failed > 0) return fmt::format("finished, but {} failed", pictures(report.items.failed));
  if (!report.view_clashes.empty())
    return "finished, but products share a code, or files of views ask for one path: some got none, see "
           "below";
  return "finished, but some files got no place of their own in the tree, see below";
}

std::string of_done(const RunReport& report) {
  if (report.held) return "done, but media/ does not follow";
  if (report.listing.shifted || (report.products && report.products->shifted))
    return "done, but what is listed moved meanwhile, so that nothing was removed for being absent";
  return report.listing.by == ListedBy::nothing ? "done, nothing that was known to be wanted is missing"
                                                : "done, everything is as the service lists it";
}

std::string without_hold(const RunReport& report) {
  const std::string_view start = row_of(report.outcome).sentence;
  switch (report.outcome) {
    case RunOutcome::done:
      return of_done(report);
    case RunOutcome::partial:
      return of_partial(report);
    case RunOutcome::failed:
    case RunOutcome::try_later:
    case RunOutcome::interrupted:
      return with_reason(start, report);
    case RunOutcome::safety_limit:
    case RunOutcome::dry_run:
    case RunOutcome::unknown:
      return std::string(start);
  }
  return std::string(start);
}

}  // namespace

std::string shown(std::string_view text) {
  return cut_short(plain_line(text), kDetailBytesMax);
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", format_count(count), count == 1 ? one : many);
}

std::string headline(const RunReport& report) {
  std::string sentence = without_hold(report);
  if (report.held)
    sentence += fmt::format(
        "; media/ is held at the tree of run {} since {}, until `medimirror undo --release` lets it follow "
        "the "
        "catalogue again",
        report.held->run, format_utc(report.held->since));
  return sentence;
}

}  // namespace medimirror
