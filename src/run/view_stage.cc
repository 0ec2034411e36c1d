#include "run/view_stage.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/setting_names.h"
#include "tree/journal.h"

namespace medimirror {

bool ViewStage::must_plan(const IndexView& view, bool tree_is_gone) const {
  const std::string before = view.setting(kViewsSetting).value_or("");
  if (set_.views.empty() && before.empty()) return false;
  return tree_is_gone || view.views_are_stale() || before != fingerprint(set_) ||
         std::filesystem::exists(journal_file(changes_file_));
}

bool ViewStage::knows_products(const IndexView& view, bool products_whole) const {
  const bool needed =
      std::ranges::any_of(set_.views, [](const View& each) { return each.path.is_of_products(); });
  return !needed || (products_whole && view.product_count() > 0);
}

ViewClaims* ViewStage::plan(Index& index, const Circumstances& circumstances, RunReport& report) {
  set_.products = circumstances.products;
  const IndexView view = index.view();
  if (!must_plan(view, circumstances.tree_is_gone)) {
    if (!set_.views.empty())
      tell(parse_view_outcome(view.setting(kViewsOutcomeSetting).value_or("")), report);
    return nullptr;
  }
  if (!knows_products(view, circumstances.products_whole)) {
    report.notes.push_back(
        "the views were left as they are, because not all products are known; the next run that lists them "
        "whole sees to it");
    return nullptr;
  }
  plan_ = std::make_unique<ViewPlan>(set_, view, changes_file_, circumstances.now);
  plan_->commit_numbers(index);
  tell(plan_->outcome(), report);
  return &plan_->claims();
}

void ViewStage::conclude(Index& index, bool done) {
  if (plan_ == nullptr || !done) return;
  IndexGroup group = index.group();
  group.put_setting(kViewsSetting, fingerprint(set_));
  group.put_setting(kViewsOutcomeSetting, set_.views.empty() ? "" : to_json(plan_->outcome()));
  group.put_setting(kViewsStaleSetting, "");
  group.commit();
}

void ViewStage::tell(const ViewOutcome& outcome, RunReport& report) {
  for (const ViewSummary& view : outcome.views)
    for (std::string& note : notes_of(view)) report.notes.push_back(std::move(note));
  report.views = outcome.views;
  report.view_clashes = outcome.clashes;
}

}  // namespace medimirror
