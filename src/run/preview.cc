#include "run/preview.h"

#include <algorithm>

namespace medimirror {

namespace {

class Previewer {
 public:
  Previewer(const PlanContext& context, const Index& index, const PreviewOptions& options,
            RunReport::Items& items)
      : context_(context),
        options_(options),
        view_(index.view()),
        walk_(view_, options.look),
        items_(items) {}

  void absorb(const std::vector<ListedItem>& batch) {
    walk_.absorb(batch, changed_);
    plan();
  }

  Preview conclude(const Listing& listing, RunReport& report) {
    walk_.finish(changed_);
    plan();
    std::ranges::sort(planned_);
    Preview preview;
    if (listing.state() == Listing::State::complete)
      preview.doubt = walk_.doubt(listing.total().value_or(0), listing.mode());
    preview.complete = listing.state() == Listing::State::complete && preview.doubt.empty();
    report.listing.malformed += walk_.unparsable();
    items_.listed = walk_.items();
    items_.links += walk_.unchanged().links;
    items_.filtered += walk_.unchanged().filtered;
    seen_ = walk_.take_seen();
    count_queue();
    if (preview.complete && options_.retires) retire(preview.retirement);
    return preview;
  }

 private:
  void plan() {
    for (const ListedUpdate& update : changed_) {
      if (update.again) continue;
      ItemPlan item = plan_item(update.item, context_, view_);
      items_.links += item.is_link ? 1 : 0;
      items_.filtered += item.filtered;
      items_.fallback += item.fallback;
      for (const PlannedAsset& asset : item.wanted)
        ++(asset.record.to_fetch() ? items_.pending : items_.unchanged);
      for (PlannedAsset& asset : item.absent) absent_.push_back(std::move(asset.key));
      planned_.push_back(update.item.id);
    }
    changed_.clear();
  }

  bool is_seen(MediaId id) const { return std::ranges::binary_search(seen_, id); }
  bool is_planned(MediaId id) const { return std::ranges::binary_search(planned_, id); }

  // Assets that the index wants already: left by an earlier run.
  void count_queue() {
    std::uint64_t left_over = 0;
    std::vector<AssetKey> some;
    for (std::optional<AssetKey> after; !(some = view_.queued(after, 10'000)).empty(); after = some.back())
      for (const AssetKey& key : some)
        if (!is_planned(key.media)) ++(is_seen(key.media) ? left_over : items_.carried_over);
    items_.pending += left_over + items_.carried_over;
    items_.unchanged += walk_.unchanged().assets - std::min(left_over, walk_.unchanged().assets);
  }

  void retire(Retirement& retirement) {
    view_.each_asset([&](const AssetKey& key, const AssetRecord& record) {
      const bool absent = record.is_absent() || !is_seen(key.media);
      if (record.state != AssetState::retired && absent && !is_planned(key.media)) absent_.push_back(key);
      return true;
    });
    retirement = plan_retirement(view_, absent_, seen_, options_.retire);
    items_.retired = retirement.retired();
    items_.unconfirmed = retirement.waiting.size();
  }

  const PlanContext& context_;
  const PreviewOptions& options_;
  const IndexView view_;
  CatalogueWalk walk_;
  RunReport::Items& items_;
  std::vector<ListedUpdate> changed_;
  std::vector<MediaId> seen_, planned_;  // ascending, once the listing is over
  std::vector<AssetKey> absent_;
};

}  // namespace

Preview preview_sync(Listing& listing, const PlanContext& context, const Wire& wire, const Index& index,
                     const PreviewOptions& options, RunReport& report) {
  Previewer previewer(context, index, options, report.items);
  drive(listing, wire, [&](const std::vector<ListedItem>& batch) { previewer.absorb(batch); });
  return previewer.conclude(listing, report);
}

}  // namespace medimirror
