#include "base/media.h"

#include <algorithm>

namespace medimirror {

std::string_view name_of(MediaKind kind) {
  switch (kind) {
    case MediaKind::unknown:
      return "unknown";
    case MediaKind::photo:
      return "photo";
    case MediaKind::frontal:
      return "frontal";
    case MediaKind::link:
      return "link";
  }
  return "unknown";
}

std::optional<MediaKind> parse_media_kind(std::string_view name) {
  for (const MediaKind kind : {MediaKind::photo, MediaKind::frontal, MediaKind::link})
    if (name == name_of(kind)) return kind;
  return std::nullopt;
}

const MediaFormat* MediaItem::format(std::string_view key) const {
  const auto found = std::ranges::find(formats, key, &MediaFormat::key);
  return found == formats.end() ? nullptr : &*found;
}

void merge(MediaItem& into, MediaItem&& other) {
  if (other.kind == MediaKind::frontal && into.kind != MediaKind::frontal) std::swap(into, other);
  if (into.kind == MediaKind::unknown) into.kind = other.kind;
  for (MediaFormat& format : other.formats)
    if (into.format(format.key) == nullptr) into.formats.push_back(std::move(format));

  const auto fill = [](auto& mine, auto& theirs) {
    if (mine.empty()) mine = std::move(theirs);
  };
  fill(into.photo_type, other.photo_type);
  fill(into.link_type, other.link_type);
  fill(into.link_url, other.link_url);
  fill(into.visible_sides, other.visible_sides);
  for (auto [mine, theirs] :
       {std::pair{&into.locales, &other.locales}, std::pair{&into.target_groups, &other.target_groups}})
    for (std::string& text : *theirs)
      if (std::ranges::find(*mine, text) == mine->end()) mine->push_back(std::move(text));

  if (!into.display_order) into.display_order = other.display_order;
  if (!into.created_at) into.created_at = other.created_at;
  into.updated_at = std::max(into.updated_at, other.updated_at);
}

}  // namespace medimirror
