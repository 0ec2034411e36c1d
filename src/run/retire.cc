#include "run/retire.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "store/grouped_writes.h"

namespace medimirror {

namespace {

constexpr std::size_t kKeysAtOnce = 10'000;

std::vector<MediaId> marked_but_not_seen(const Index& index, std::span<const MediaId> seen) {
  std::vector<MediaId> absent;
  auto next = seen.begin();
  index.view().each_mark([&](MediaId id, const ListingMark&) {
    while (next != seen.end() && *next < id) ++next;
    if (next == seen.end() || *next != id) absent.push_back(id);
    return true;
  });
  return absent;
}

// The mark goes, so that the item is looked at in full if it ever comes back.
void mark_absent(Index& index, std::span<const MediaId> media) {
  GroupedWrites writes(index);
  for (const MediaId id : media) {
    IndexGroup& group = writes.next();
    for (auto& [format, record] : group.assets_of(id)) {
      if (record.state == AssetState::retired) continue;
      record.unlisted = true;
      group.put_asset({id, format}, record);
    }
    group.remove_mark(id);
  }
  writes.commit();
}

std::vector<AssetKey> all_absent(const Index& index) {
  std::vector<AssetKey> all;
  const IndexView view = index.view();
  for (std::optional<AssetKey> after;;) {
    const std::vector<AssetKey> some = view.absent(after, kKeysAtOnce);
    if (some.empty()) return all;
    all.insert(all.end(), some.begin(), some.end());
    after = some.back();
  }
}

// How many files of the tree go with an asset; those of views with the first format.
std::uint64_t published_files(const IndexView& view, const AssetKey& key, const RetireOptions& options) {
  std::uint64_t files = view.published(key) ? 1 : 0;
  if (key.format != options.derivative_source) return files;
  for (const std::string& name : options.derivative_names) files += view.published({key.media, name}) ? 1 : 0;
  for (const auto& [format, record] : view.published_of(key.media)) files += is_view_format(format) ? 1 : 0;
  return files;
}

void change_each(Index& index, std::span<const AssetKey> keys,
                 const std::function<void(IndexGroup&, const AssetKey&, AssetRecord&)>& change) {
  GroupedWrites writes(index);
  for (const AssetKey& key : keys) {
    IndexGroup& group = writes.next();
    std::optional<AssetRecord> record = group.asset(key);
    if (!record) continue;
    change(group, key, *record);
    group.put_asset(key, *record);
  }
  writes.commit();
}

}  // namespace

std::string too_many(std::uint64_t files, std::uint64_t limit, std::string_view why,
                     std::string_view therefore) {
  return fmt::format(
      "{} {} of the published files, and at most {} may be removed in one run (publish.max_delete): {}; "
      "if this is right, run once with --max-delete {}",
      why, files, limit, therefore, files);
}

Retirement plan_retirement(const IndexView& view, std::span<const AssetKey> absent,
                           std::span<const MediaId> seen, const RetireOptions& options) {
  Retirement plan;
  std::uint64_t waiting_files = 0;
  for (const AssetKey& key : absent) {
    const std::optional<AssetRecord> record = view.asset(key);
    if (!record) continue;
    const std::uint64_t files = published_files(view, key, options);
    if (record->absent_runs + 1 >= options.confirmations) {
      plan.due.push_back(key);
      plan.to_remove += files;
    } else if (options.selection_changed && std::ranges::binary_search(seen, key.media)) {
      plan.by_settings.push_back(key);
      plan.to_remove += files;
    } else {
      plan.waiting.push_back(key);
      waiting_files += files;
    }
  }
  plan.limit = options.max_delete.of(view.published_count());
  plan.over_limit = plan.to_remove > plan.limit;
  plan.implausible = plan.to_remove + waiting_files > plan.limit;
  return plan;
}

Retirement retire_absent(Index& index, const Seen& seen, const RetireOptions& options, UnixSeconds now) {
  if (seen.already_known < seen.marks_before) mark_absent(index, marked_but_not_seen(index, seen.ids));
  const std::vector<AssetKey> absent = all_absent(index);
  if (absent.empty()) return {};
  Retirement plan = plan_retirement(index.view(), absent, seen.ids, options);
  change_each(index, plan.waiting,
              [](IndexGroup&, const AssetKey&, AssetRecord& record) { ++record.absent_runs; });
  if (plan.over_limit) {
    // the next run, with a higher limit, no longer sees that the settings have changed
    change_each(index, plan.by_settings, [&](IndexGroup&, const AssetKey&, AssetRecord& record) {
      record.absent_runs = static_cast<std::uint8_t>(options.confirmations - 1);
    });
    return plan;
  }
  for (const std::vector<AssetKey>* leaving : {&plan.due, &plan.by_settings})
    change_each(index, *leaving, [&](IndexGroup& group, const AssetKey& key, AssetRecord& record) {
      record.state = AssetState::retired;
      record.retired_at = now;
      if (record.absent_runs < UINT8_MAX) ++record.absent_runs;
      group.mark_unpublished(key);
    });
  return plan;
}

}  // namespace medimirror
