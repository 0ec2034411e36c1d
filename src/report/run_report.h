// Role: what one run did: totals, and every asset that did not succeed, with its reason; as JSON for programs
// and as text for people. reports/last-run.json and .txt, `sync --json` and the summary on the terminal are
// all this.
// Format: the JSON keys are a contract (README); add, never change. Counts are of assets, but listed and
// links: media.
//   (listed - links) x formats + carried_over
//       = filtered + fetched + unchanged + not_modified + failed + pending          (balances() checks it)
//   fetched counts bodies that arrived and were accepted; deduplicated those of them whose bytes were already
//   held.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/media.h"
#include "base/view_summary.h"
#include "report/run_outcome.h"

namespace medimirror {

struct ReportedFailure {
  MediaId media_id = 0;
  std::string format;
  std::string url;     // shown without secrets
  std::string reason;  // "http_404", "html_page", "timeout_stall", …
  std::string detail;
  std::uint32_t attempts = 0;  // requests in this run
};

struct RunReport {
  RunOutcome outcome = RunOutcome::done;
  int exit_code = 0;
  std::string error;       // the sentence of the Error that ended the run, if one did
  std::string unfinished;  // a clause: why not everything was done, where no error says it
  std::string command;     // "sync"
  bool dry_run = false;
  std::uint64_t run = 0;
  UnixSeconds started = 0;
  double seconds = 0;

  struct Listing {
    ListedBy by = ListedBy::not_reached;
    std::uint64_t total = 0;  // as the service announced it
    bool complete = false;
    bool shifted = false;  // not complete because rows moved while they were listed, and for nothing else
    std::string cut_reason;
    bool doubted = false;  // walked to its end, and for this reason not believed to be whole
    std::uint64_t malformed = 0;
    std::uint64_t bad_places = 0;          // that could not be read, and were read past
    std::vector<std::string> places = {};  // the first of them in words
  } listing;

  struct Items {
    std::uint64_t listed = 0, links = 0, filtered = 0, fetched = 0, unchanged = 0, not_modified = 0,
                  deduplicated = 0, failed = 0, retired = 0;
    std::uint64_t pending = 0;       // wanted, and the run ended before it was tried or kept
    std::uint64_t carried_over = 0;  // tried though not listed in this run: left from an earlier one
    std::uint64_t fallback = 0;      // got another format than asked for (part of the above)
    std::uint64_t media_filtered_by_kind = 0;
    std::uint64_t unconfirmed = 0;  // no longer listed, kept until another complete listing says so too
  } items;
  std::uint64_t formats = 1;        // asked for per media item
  std::uint64_t confirmations = 2;  // complete listings in a row that must lack a picture before it leaves

  struct Bytes {
    std::uint64_t downloaded = 0, stored = 0;
  } bytes;

  struct Published {
    std::uint64_t files = 0, added = 0, replaced = 0, removed = 0;
    std::vector<std::string> clashes;
    TreeState tree = TreeState::unknown;  // files are known unless it is unknown
    std::uint64_t held = 0;  // media whose new pictures were not published: a limit (run/replace_limit.h)
  } published;

  // media/ is held at the tree of an earlier run.
  struct Held {
    std::uint64_t run = 0;
    UnixSeconds since = 0;
  };
  std::optional<Held> held;

  std::vector<ViewSummary> views;         // as published now, also by a run that had nothing to do for them
  std::vector<std::string> view_clashes;  // sentences, the first 100

  // Only in a run that needs products. listed = unchanged + changed + those that could not be understood.
  struct Products {
    ListedBy by = ListedBy::not_reached;
    std::uint64_t total = 0, listed = 0, unchanged = 0, changed = 0, removed = 0, malformed = 0, requests = 0;
    bool complete = false;
    bool shifted = false;  // as of the listing
    bool refused = false;  // the service does not list them, and asking again will not change that
    std::string cut_reason;
    // Only with a list of codes.
    struct Codes {
      std::uint64_t asked = 0, wrong = 0, found = 0, media = 0, missing = 0;
    };
    std::optional<Codes> codes;
  };
  std::optional<Products> products;

  struct Requests {
    std::uint64_t api = 0, media = 0, retries = 0;
  } requests;

  std::vector<ReportedFailure> failures;  // sorted by media id and format; at most 100 000
  std::vector<std::string>
      notes;  // sentences worth a person's attention: kept with a note, breaker tripped, …

  bool balances() const;
  // Of what was listed: all that was asked for, and what of it is held with the newest bytes.
  std::uint64_t wanted() const;
  std::uint64_t in() const { return items.unchanged + items.fetched + items.not_modified; }
};

std::string to_json(const RunReport& report);  // one line
std::string to_text(const RunReport& report);  // the summary: by outcome and reason, and what to do next

}  // namespace medimirror
