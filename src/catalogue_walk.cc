#include "catalogue_walk.h"

#include <algorithm>

#include "base/log.h"

namespace medimirror {

void CatalogueWalk::absorb(std::span<const ListedItem> batch, std::vector<ListedUpdate>& changed) {
  std::size_t next = 0;
  if (held_) {
    for (; next < batch.size() && batch[next].id == held_->id; ++next) {
      held_->fingerprint = join(held_->fingerprint, batch[next].fingerprint);
      held_->lines.emplace_back(batch[next].json);
    }
    if (next == batch.size()) return;
    finish(changed);
  }
  std::vector<std::string_view> lines;
  while (next < batch.size()) {
    const MediaId id = batch[next].id;
    Fingerprint fingerprint = batch[next].fingerprint;
    lines.assign(1, batch[next].json);
    for (++next; next < batch.size() && batch[next].id == id; ++next) {
      fingerprint = join(fingerprint, batch[next].fingerprint);
      lines.push_back(batch[next].json);
    }
    if (next < batch.size()) {
      settle(lines, id, fingerprint, changed);
    } else {
      held_.emplace(Held{id, fingerprint, {lines.begin(), lines.end()}});
    }
  }
}

void CatalogueWalk::finish(std::vector<ListedUpdate>& changed) {
  if (!held_) return;
  const std::vector<std::string_view> lines(held_->lines.begin(), held_->lines.end());
  settle(lines, held_->id, held_->fingerprint, changed);
  held_.reset();
}

void CatalogueWalk::settle(std::span<const std::string_view> lines, MediaId id, Fingerprint fingerprint,
                           std::vector<ListedUpdate>& changed) {
  bool again = false;
  if (id < position_ && !disordered_) {
    log_info("the listing is out of order (media {} after {}): it will take a little longer", id, position_);
    disordered_ = true;
    seen_set_.insert(seen_.begin(), seen_.end());
  }
  if (disordered_) again = !seen_set_.insert(id).second;
  position_ = std::max(position_, id);

  const std::optional<ListingMark> mark = marks_.at(id);
  if (!again) {
    seen_.push_back(id);
    ++items_;
    if (mark) ++already_known_;
    if (mark && look_ == Look::at_changed && mark->fingerprint_high == fingerprint.high &&
        mark->fingerprint_low == fingerprint.low) {
      ++unchanged_.items;
      unchanged_.links += mark->is_link ? 1 : 0;
      unchanged_.assets += mark->assets;
      unchanged_.filtered += mark->filtered;
      return;
    }
  }
  ListedUpdate update;
  update.again = again;
  update.fingerprint = fingerprint;
  for (const std::string_view line : lines) {
    std::optional<MediaItem> item = parse_media_item(line);
    if (!item) continue;
    if (update.item.id == 0) {
      update.item = std::move(*item);
    } else {
      merge(update.item, std::move(*item));
    }
  }
  if (update.item.id != id) {
    // an id that the quick look found and the parser does not: keep it as an item that gives nothing
    ++unparsable_;
    update.item = MediaItem{};
    update.item.id = id;
  }
  changed.push_back(std::move(update));
}

std::vector<MediaId> CatalogueWalk::take_seen() {
  if (disordered_) std::ranges::sort(seen_);
  seen_set_.clear();
  return std::move(seen_);
}

}  // namespace medimirror
