#include "fetch/plan.h"

#include "http/url.h"

namespace medimirror {

AssetRecord plan_asset(const SelectedAsset& wanted, const std::optional<AssetRecord>& held, bool blob_known,
                       UnixSeconds now) {
  AssetRecord record;
  if (held) {
    record = *held;
  } else {
    record.first_listed = now;
  }
  const bool url_changed = record.url != wanted.url;
  const bool was_retired = record.state == AssetState::retired;
  record.url = wanted.url;
  record.source_format = wanted.source_format;
  record.absent_runs = 0;
  record.unlisted = false;
  record.retired_at = 0;
  if (record.digest && !blob_known) record.forget_bytes();
  if (record.digest && record.held_url == wanted.url) {
    // after a failed attempt at this very URL the failure stands until an attempt succeeds
    if (url_changed || was_retired || record.state == AssetState::wanted) record.state = AssetState::held;
  } else if (url_changed || was_retired || record.state == AssetState::held) {
    record.state = AssetState::wanted;
  }
  return record;
}

bool can_revalidate(const AssetRecord& record) {
  if (!record.digest || (record.etag.empty() && record.last_modified.empty())) return false;
  return record.url == record.held_url || differs_in_query_only(record.url, record.held_url);
}

}  // namespace medimirror
