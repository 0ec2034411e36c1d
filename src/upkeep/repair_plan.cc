#include "upkeep/repair_plan.h"

#include <fmt/format.h>

#include "base/error.h"
#include "upkeep/verify_files.h"

namespace medimirror {

void RepairPlanner::note(const Finding& finding) {
  switch (finding.kind) {
    case FindingKind::index_damaged:
      throw Error(ErrorKind::index, finding.detail, "repair the store");
    case FindingKind::blob_missing:
      plan_.bad[*finding.digest].why = finding.detail;
      break;
    case FindingKind::blob_wrong_size:
    case FindingKind::blob_wrong_content:
    case FindingKind::blob_unreadable:
    case FindingKind::blob_not_a_file:
    case FindingKind::picture_damaged: {
      RepairPlan::Bad& bad = plan_.bad[*finding.digest];
      bad.has_file = true;
      bad.useless = finding.kind == FindingKind::picture_damaged;
      bad.why = finding.detail;
      break;
    }
    case FindingKind::blob_wrong_mode:
      plan_.wrong_modes.push_back(*finding.digest);
      break;
    case FindingKind::unknown_file:
      plan_.foreign.push_back(options_.verify.store_folder / finding.subject);
      break;
    case FindingKind::extra_file:
      plan_.foreign.push_back(options_.verify.media_folder / finding.subject);
      break;
    case FindingKind::leftover:
      plan_.leftovers.push_back(options_.verify.media_folder / finding.subject);
      break;
    case FindingKind::asset_without_blob:
    case FindingKind::derivative_without_blob:
    case FindingKind::published_without_blob:
      plan_.unrecorded.insert(*finding.digest);
      break;
    case FindingKind::published_missing:
    case FindingKind::published_replaced:
      plan_.relinks.emplace(finding.subject, *finding.digest);
      break;
    case FindingKind::manifest_differs:
    case FindingKind::sums_differ:
      plan_.lists = true;
      break;
    case FindingKind::unused_record:
      plan_.unused_records.push_back(*finding.digest);
      break;
    case FindingKind::blob_other_time:
      plan_.wrong_times.push_back(*finding.digest);
      break;
    case FindingKind::unknown_blob:        // gc's
    case FindingKind::publish_unfinished:  // the publish at the end of a repair finishes it
      break;
  }
}

RepairPlan RepairPlanner::finish() {
  const IndexView view = index_.view();
  find_good_bytes(view);
  plan_derivatives(view);
  plan_assets(view);
  plan_tree(view);
  return std::move(plan_);
}

bool RepairPlanner::is_lost(const Digest& digest) const {
  if (plan_.unrecorded.contains(digest)) return true;
  const auto bad = plan_.bad.find(digest);
  return bad != plan_.bad.end() && bad->second.lost();
}

// A deleted blob often still has its published name; two swapped blobs have each other's bytes.
void RepairPlanner::find_good_bytes(const IndexView& view) {
  if (plan_.bad.empty()) return;
  FileReader reader;
  for (auto& [digest, bad] : plan_.bad) {
    if (!bad.has_file) continue;
    const auto content = reader.read(blob_path(options_.verify.store_folder, digest));
    if (content.error != 0 || content.digest == digest) continue;
    const auto other = plan_.bad.find(content.digest);
    if (other != plan_.bad.end()) other->second.good_blob = digest;
  }
  // A repair that was killed may have set a file aside that has another one's bytes.
  std::error_code none;
  for (const auto& entry :
       std::filesystem::directory_iterator(options_.verify.store_folder / "quarantine", none)) {
    const auto content = reader.read(entry.path());
    const auto bad = plan_.bad.find(content.digest);
    if (content.error == 0 && bad != plan_.bad.end() && !bad->second.useless)
      bad->second.good_copy = entry.path();
  }
  view.each_published([&](const AssetKey&, const PublishedRecord& record) {
    const auto bad = plan_.bad.find(record.digest);
    if (bad == plan_.bad.end() || bad->second.useless || !bad->second.lost()) return true;
    const std::filesystem::path path = options_.verify.media_folder / record.path;
    const auto content = reader.read(path);
    if (content.error == 0 && content.digest == record.digest) bad->second.good_copy = path;
    return true;
  });
}

void RepairPlanner::plan_derivatives(const IndexView& view) {
  if (plan_.bad.empty() && plan_.unrecorded.empty()) return;
  view.each_derivative([&](const DerivativeKey& key, const Digest& digest) {
    const bool source_lost = is_lost(key.source);
    if (!source_lost && !is_lost(digest)) return true;
    plan_.derivatives.push_back(key);
    if (!source_lost) {
      derivative_sources_.insert(key.source);
      plan_.derivatives_missing = true;
    }
    return true;
  });
}

void RepairPlanner::plan_assets(const IndexView& view) {
  if (plan_.bad.empty() && plan_.unrecorded.empty()) return;
  view.each_asset([&](const AssetKey& key, const AssetRecord& record) {
    if (!record.digest) return true;
    if (is_lost(*record.digest)) plan_.forgotten.push_back({key, record.state != AssetState::retired});
    if (derivative_sources_.contains(*record.digest)) plan_.republish.push_back(key);
    return true;
  });
}

void RepairPlanner::plan_tree(const IndexView& view) {
  std::erase_if(plan_.relinks, [&](const auto& link) { return is_lost(link.second); });
  if (plan_.bad.empty() && plan_.unrecorded.empty()) return;
  view.each_published([&](const AssetKey& key, const PublishedRecord& record) {
    if (is_lost(record.digest)) {
      plan_.leaving.emplace_back(key, record);
    } else if (plan_.bad.contains(record.digest)) {
      plan_.relinks.emplace(record.path, record.digest);  // the blob that is put back is a new file
    }
    return true;
  });
}

}  // namespace medimirror
