#include "fetch/selection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/sha256.h"

namespace medimirror {

namespace {

constexpr std::array<std::string_view, 4> kSizes{"huge", "large", "medium", "thumbnail"};
// The encodings the service was seen to give a size in, best for a shop first: PNG keeps transparency.
constexpr std::array<std::string_view, 5> kEncodings{"", "Png", "Jpeg", "Jpg", "Webp"};

bool is_link(const MediaItem& item) {
  if (item.kind == MediaKind::link) return true;
  return item.kind == MediaKind::unknown && item.formats.empty() && !item.link_url.empty();
}

// The size a key speaks of ("largePng" -> 1); nothing for keys of another making.
std::optional<std::size_t> size_of(std::string_view key) {
  for (std::size_t size = 0; size < kSizes.size(); ++size)
    if (key.starts_with(kSizes[size]) &&
        std::ranges::find(kEncodings, key.substr(kSizes[size].size())) != kEncodings.end())
      return size;
  return std::nullopt;
}

const MediaFormat* find_format(const MediaItem& item, std::string_view asked, bool fallback) {
  if (const MediaFormat* exact = item.format(asked)) return exact;
  const auto asked_size = size_of(asked);
  if (!fallback || !asked_size) return nullptr;
  // the asked-for encoding first in each size, so that "hugeWebp" falls back to "largeWebp" before
  // "largePng"…
  const std::string_view encoding = asked.substr(kSizes[*asked_size].size());
  for (std::size_t size = *asked_size; size < kSizes.size(); ++size) {
    if (const MediaFormat* same = item.format(fmt::format("{}{}", kSizes[size], encoding))) return same;
    for (const std::string_view other : kEncodings)
      if (const MediaFormat* found = item.format(fmt::format("{}{}", kSizes[size], other))) return found;
  }
  return nullptr;
}

std::string digest_of_ids(const std::vector<MediaId>& ids) {
  Sha256 hash;
  for (const MediaId id : ids) hash.update(encode_key(id));
  return hash.finish().hex();
}

}  // namespace

bool Selection::wants(MediaId id) const {
  return !media_ids || std::ranges::binary_search(*media_ids, id);
}

std::string Selection::fingerprint() const {
  std::vector<std::string_view> names;
  for (const MediaKind kind : kinds) names.push_back(name_of(kind));
  std::string text = fmt::format("v1 kinds={} formats={} fallback={} base={}", fmt::join(names, ","),
                                 fmt::join(formats, ","), fallback, media_base.text());
  if (media_ids) text += fmt::format(" ids={}:{}", media_ids->size(), digest_of_ids(*media_ids));
  return text;
}

SelectedMedia select(const Selection& selection, const MediaItem& item) {
  SelectedMedia selected;
  if (is_link(item)) {
    selected.is_link = true;
    return selected;
  }
  // an item that does not say its kind is a picture if it has formats: the service leaves the type out at
  // times
  const bool item_wanted =
      selection.wants(item.id) && (item.kind == MediaKind::unknown ||
                                   std::ranges::find(selection.kinds, item.kind) != selection.kinds.end());
  for (const std::string& asked : selection.formats) {
    const MediaFormat* format = item_wanted ? find_format(item, asked, selection.fallback) : nullptr;
    if (format == nullptr) {
      selected.filtered.push_back(asked);
      continue;
    }
    const std::optional<Url> url = resolve_url(selection.media_base, format->url);
    selected.assets.push_back({{item.id, asked}, url ? url->text() : format->url, format->key});
  }
  return selected;
}

}  // namespace medimirror
