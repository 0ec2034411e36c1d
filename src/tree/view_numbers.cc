#include "tree/view_numbers.h"

#include <algorithm>
#include <set>

namespace medimirror {

Numbering number_pictures(std::span<const std::pair<MediaId, ViewNumber>> known,
                          std::span<const MediaId> shown, std::span<const MediaId> reserved, UnixSeconds now,
                          UnixSeconds grace) {
  Numbering result;
  std::map<MediaId, ViewNumber> held;
  std::set<std::uint32_t> taken;
  const auto contains = [](std::span<const MediaId> media, MediaId id) {
    return std::ranges::find(media, id) != media.end();
  };
  // Who stays comes first, so that of two with one number (which only damage can make) it keeps it.
  for (const bool stays : {true, false}) {
    for (const auto& [media, number] : known) {
      const bool has_place = contains(shown, media) || contains(reserved, media);
      if (has_place != stays) continue;
      ViewNumber after = number;
      if (stays)
        after.gone_at = 0;
      else if (number.gone_at == 0)
        after.gone_at = now;
      const bool expired = !stays && after.gone_at + grace <= now && number.gone_at != 0;
      if (expired || (stays && (after.number == 0 || taken.contains(after.number)))) {
        result.changes.emplace_back(media, std::nullopt);
        continue;
      }
      taken.insert(after.number);
      held.emplace(media, after);
      if (after != number) result.changes.emplace_back(media, after);
    }
  }
  std::uint32_t next = 1;
  for (const MediaId media : shown) {
    if (const auto number = held.find(media); number != held.end()) {
      result.numbers.push_back(number->second.number);
      continue;
    }
    while (taken.contains(next)) ++next;
    taken.insert(next);
    held.emplace(media, ViewNumber{next, 0});
    result.changes.emplace_back(media, ViewNumber{next, 0});
    result.numbers.push_back(next);
  }
  return result;
}

}  // namespace medimirror
