// Role: what the service lists, as values (names as in the Medipim API, which calls a picture a media item).
// Place: made by api/item_parser, kept by store/index, read by fetch/selection, tree/layout and the reports.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace medimirror {

using MediaId = std::uint64_t;

// The numbers are on disk (store/record): add, never change.
enum class MediaKind : std::uint8_t { unknown = 0, photo = 1, frontal = 2, link = 3 };

std::string_view name_of(MediaKind kind);                          // "photo", …; unknown is "unknown"
std::optional<MediaKind> parse_media_kind(std::string_view name);  // of the three the API knows

struct MediaFormat {
  std::string key;  // as listed: "huge", "largePng", "mediumWebp", …
  std::string url;  // as listed: absolute or relative
  bool operator==(const MediaFormat&) const = default;
};

struct MediaItem {
  MediaId id = 0;
  MediaKind kind = MediaKind::unknown;
  std::string photo_type;            // packshot, productshot, …; empty when not given
  std::string link_type, link_url;   // links only
  std::vector<MediaFormat> formats;  // in listed order, keys unique, no empty URL
  std::vector<std::string> locales;
  std::vector<std::string> target_groups;
  std::vector<std::string> visible_sides;
  std::optional<std::int64_t> display_order;
  std::optional<UnixSeconds> created_at, updated_at;

  const MediaFormat* format(std::string_view key) const;
  bool operator==(const MediaItem&) const = default;
};

// The same id may be listed as photo and as frontal: formats are joined, and where both have a value frontal
// wins.
void merge(MediaItem& into, MediaItem&& other);

struct ProductMedia {
  MediaId id = 0;
  MediaKind kind = MediaKind::unknown;
  std::optional<std::int64_t> display_order;
  std::vector<std::string> locales = {};  // as the product says; a bare id says none
  bool operator==(const ProductMedia&) const = default;
};

struct Product {
  std::string id;                                          // "M5489B0D8B"
  std::string status;                                      // active, inactive, replaced, no_selection
  std::string cnk;                                         // 7 digits, text; empty when the product has none
  std::vector<std::string> eans;                           // 8 to 14 digits, text
  std::vector<std::pair<std::string, std::string>> names;  // locale, name
  std::vector<ProductMedia> media;                         // photos and frontals in listed order
  std::optional<UnixSeconds> updated_at;
  bool operator==(const Product&) const = default;
};

}  // namespace medimirror
