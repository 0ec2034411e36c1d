#include "fetch/item_plan.h"

#include <algorithm>

#include "fetch/plan.h"

namespace medimirror {

namespace {

void take_adopted(const AssetKey& key, const PlanContext& context, const IndexReader& index,
                  AssetRecord& record) {
  if (record.digest || context.adopted == nullptr) return;
  const std::optional<Digest> digest = context.adopted->find(key, record.url, index);
  if (!digest) return;
  record.attempts.push_back({context.now, context.run, "adopted", "", 0});
  record.digest = digest;
  record.held_url = record.url;
  record.fetched_at = context.now;
  record.state = AssetState::held;
}

}  // namespace

ItemPlan plan_item(const MediaItem& item, const PlanContext& context, const IndexReader& index) {
  const SelectedMedia selected = select(context.selection, item);
  ItemPlan plan;
  plan.filtered = selected.filtered.size();
  plan.is_link = selected.is_link;
  for (const SelectedAsset& asset : selected.assets) {
    std::optional<AssetRecord> held = index.asset(asset.key);
    const bool blob_known = held && held->digest && index.blob(*held->digest).has_value();
    AssetRecord record = plan_asset(asset, held, blob_known, context.now);
    take_adopted(asset.key, context, index, record);
    plan.wanted.push_back({asset.key, std::move(held), std::move(record)});
    if (asset.source_format != asset.key.format) ++plan.fallback;
  }
  for (auto& [format, held] : index.assets_of(item.id)) {
    const AssetKey key{item.id, format};
    const bool is_wanted = std::ranges::find(plan.wanted, key, &PlannedAsset::key) != plan.wanted.end();
    if (is_wanted || held.state == AssetState::retired) continue;
    AssetRecord record = held;
    record.unlisted = true;
    plan.absent.push_back({key, std::move(held), std::move(record)});
  }
  return plan;
}

}  // namespace medimirror
