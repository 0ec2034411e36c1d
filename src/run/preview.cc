#include "run/preview.h"

#include <algorithm>

#include "fetch/plan.h"
#include "run/catalogue_walk.h"

namespace medimirror {

namespace {

// Assets that the index wants already: left by an earlier run.
std::uint64_t queued_of(const IndexView& view, const std::vector<MediaId>& seen,
                        const std::vector<MediaId>& planned) {
  std::uint64_t count = 0;
  for (std::optional<AssetKey> after;;) {
    const std::vector<AssetKey> some = view.queued(after, 10'000);
    if (some.empty()) return count;
    for (const AssetKey& key : some)
      if (std::ranges::binary_search(seen, key.media) && !std::ranges::binary_search(planned, key.media))
        ++count;
    after = some.back();
  }
}

void count_absent(const IndexView& view, const std::vector<MediaId>& seen, int confirmations,
                  RunReport::Items& items) {
  view.each_asset([&](const AssetKey& key, const AssetRecord& record) {
    if (record.state != AssetState::retired && !std::ranges::binary_search(seen, key.media))
      ++(record.absent_runs + 1 < confirmations ? items.unconfirmed : items.retired);
    return true;
  });
}

}  // namespace

void preview_sync(Listing& listing, const Selection& selection, const Wire& wire, const Index& index,
                  const PreviewOptions& options, RunReport& report) {
  const IndexView view = index.view();
  CatalogueWalk walk(view, options.look);
  RunReport::Items& items = report.items;
  std::vector<MediaId> planned;

  const auto plan = [&](std::vector<ListedUpdate>& updates) {
    for (const ListedUpdate& update : updates) {
      if (update.again) continue;
      const SelectedMedia selected = select(selection, update.item);
      items.links += selected.is_link ? 1 : 0;
      items.filtered += selected.filtered.size();
      planned.push_back(update.item.id);
      for (const SelectedAsset& asset : selected.assets) {
        const std::optional<AssetRecord> held = view.asset(asset.key);
        const bool blob_known = held && held->digest && view.blob(*held->digest).has_value();
        const bool fetch = plan_asset(asset, held, blob_known, wire.clock.unix_now()).to_fetch();
        ++(fetch ? items.pending : items.unchanged);
        if (asset.source_format != asset.key.format) ++items.fallback;
      }
    }
    updates.clear();
  };

  std::vector<ListedUpdate> changed;
  drive(listing, wire, [&](const std::vector<ListedItem>& batch) {
    walk.absorb(batch, changed);
    plan(changed);
  });
  walk.finish(changed);
  plan(changed);

  report.listing.malformed += walk.unparsable();
  items.listed = walk.items();
  items.links += walk.unchanged().links;
  items.filtered += walk.unchanged().filtered;
  const std::vector<MediaId> seen = walk.take_seen();
  std::ranges::sort(planned);
  const std::uint64_t left_over = queued_of(view, seen, planned);
  items.pending += left_over;
  items.unchanged += walk.unchanged().assets - std::min(left_over, walk.unchanged().assets);
  if (listing.state() == Listing::State::complete) count_absent(view, seen, options.confirmations, items);
}

}  // namespace medimirror
