// Role: wanted against held, for one asset: the record as it should be now. Pure.
// Place: item_plan asks it for each asset of a listed item.
// Rules: the URL is the version (updatedAt alone never causes a download); what is held stays held and
// published until something better has arrived; a retired asset that is listed again, with bytes still here,
// costs no request.
#pragma once

#include <optional>

#include "fetch/selection.h"
#include "store/record.h"

namespace medimirror {

// The record to keep for `wanted`. `blob_known`: the held digest is still in the index's blobs.
AssetRecord plan_asset(const SelectedAsset& wanted, const std::optional<AssetRecord>& held, bool blob_known,
                       UnixSeconds now);

// Whether the server can be asked if the held bytes are still right (If-None-Match, If-Modified-Since): only
// when the URL is the same but for its query string. Another path is another picture.
bool can_revalidate(const AssetRecord& record);

}  // namespace medimirror
