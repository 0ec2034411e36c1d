// Role: what a run does with views: says whether they have to be planned, plans them, and remembers what became of them.
// Place: sync calls plan() before it publishes and conclude() afterwards.
// Failure: throws as view_plan. While products were not listed to their end, views stay as they are: a product that is
// only missing from the listing must not lose its files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "report/run_report.h"
#include "store/index.h"
#include "tree/view.h"
#include "tree/view_plan.h"

namespace medimirror {

class ViewStage {
 public:
  ViewStage(const ViewSet& set, std::filesystem::path changes_file)
      : set_(set), changes_file_(std::move(changes_file)) {}

  struct Circumstances {
    // Those that a list of codes names; nothing: there is no list.
    std::optional<std::vector<std::string>> products = {};
    bool products_whole = true;
    bool tree_is_gone = false;
    UnixSeconds now = 0;
  };
  // What plan_publish needs; null: the files of views stay as they are.
  ViewClaims* plan(Index& index, const Circumstances& circumstances, RunReport& report);

  // `done`: the tree is as planned.
  void conclude(Index& index, bool done);

 private:
  bool must_plan(const IndexView& view, bool tree_is_gone) const;
  bool knows_products(const IndexView& view, bool products_whole) const;
  static void tell(const ViewOutcome& outcome, RunReport& report);

  ViewSet set_;
  const std::filesystem::path changes_file_;
  std::unique_ptr<ViewPlan> plan_;
};

}  // namespace medimirror
