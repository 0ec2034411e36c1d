// Role: what the user wants of one listed item: which formats, from which URLs. Pure.
// Place: item_plan applies it to each item that is new or changed; what it selects is planned.
// Fallback: an absent format is taken from the same size in another encoding ("hugePng" for "huge"), then
// from the next smaller size, in the order huge, large, medium, thumbnail. The asset keeps the asked-for
// format in its key and says in source_format what it got.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/media.h"
#include "http/url.h"
#include "store/record.h"

namespace medimirror {

struct Selection {
  std::vector<MediaKind> kinds;      // items of other kinds are filtered; links are never fetched
  std::vector<std::string> formats;  // as keys of the API: "huge", "largePng", …
  bool fallback = true;
  Url media_base;                                      // relative URLs are resolved against it
  std::optional<std::vector<MediaId>> media_ids = {};  // ascending: only these are wanted; nothing: all

  bool wants(MediaId id) const;

  std::string fingerprint() const;  // differs when the same item could be selected differently
};

struct SelectedAsset {
  AssetKey key;
  std::string url;  // absolute; as listed when it cannot be resolved (the downloader refuses it by name)
  std::string source_format;
};

struct SelectedMedia {
  bool is_link = false;
  std::vector<SelectedAsset> assets;
  std::vector<std::string> filtered;  // formats asked for and not given
};

SelectedMedia select(const Selection& selection, const MediaItem& item);

}  // namespace medimirror
