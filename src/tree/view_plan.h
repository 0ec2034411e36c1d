// Role: which files the views have: one walk over all products (or pictures, for a view that asks for no product), held
// against what is published now.
// Place: sync makes one when something happened that may concern a view (index setting views_stale), and hands it to
// plan_publish, which turns it into changes of the tree like any other. The files' keys are {media, "<view>/<product>"}
// (store/view_number.h), so that manifest, undo, verify, gc and the gallery work without knowing views.
// Why as a whole: a path belongs to whoever has the better claim to it, among all products; and numbers, limits and
// near-duplicates are matters of a product's pictures together. A walk costs some 10 microseconds a picture and view,
// and a run without changes makes none.
// Threads: one.
// Failure: throws Error{disk}, and Error{index} where a record names bytes of which there is no record. A picture that
// can have no name, and one whose path is another's, are sentences (clashes()). So are the counts of what is left out.
// Durability: the numbers given out are committed before the tree is touched (commit_numbers): a run killed in between
// gives them again.
// Limits: memory as view_claims.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/view_summary.h"
#include "store/index.h"
#include "tree/view.h"
#include "tree/view_claims.h"

namespace medimirror {

// What the index remembers of the last plan, for the reports of the runs that need none.
struct ViewOutcome {
  std::vector<ViewSummary> views;
  std::vector<std::string> clashes;  // sentences, the first 100
  bool operator==(const ViewOutcome&) const = default;
};
std::string to_json(const ViewOutcome& outcome);
ViewOutcome parse_view_outcome(const std::string& json);  // what is none is an empty one

// What a person should know of a view, beside its counts: sentences.
std::vector<std::string> notes_of(const ViewSummary& view);

class ViewPlan {
 public:
  // `changes_file`: of PublishOptions. Its folder takes what does not fit into memory, and a journal beside it tells what
  // a publish that was killed may have touched.
  ViewPlan(const ViewSet& set, const IndexView& view, const std::filesystem::path& changes_file,
           UnixSeconds now);
  ~ViewPlan();

  void commit_numbers(Index& index);  // once

  const ViewOutcome& outcome() const { return outcome_; }
  ViewClaims& claims() { return claims_; }

 private:
  friend class ViewPlanner;

  ViewClaims claims_;
  LineSorter numbers_;  // changes of the index: view, product, media, and number and gone_at or "-"
  ViewOutcome outcome_;
};

}  // namespace medimirror
