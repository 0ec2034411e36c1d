#include "run/catalogue_walk.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/units.h"

namespace medimirror {

void CatalogueWalk::Twins::add(const ListedItem& row) {
  if (!(row.fingerprint == last)) ++different;
  joined = join(joined, row.fingerprint);
  last = row.fingerprint;
}

void CatalogueWalk::absorb(std::span<const ListedItem> batch, std::vector<ListedUpdate>& changed) {
  std::size_t next = 0;
  if (held_) {
    for (; next < batch.size() && batch[next].id == held_->twins.id; ++next) {
      held_->twins.add(batch[next]);
      held_->lines.emplace_back(batch[next].json);
    }
    if (next == batch.size()) return;
    finish(changed);
  }
  std::vector<std::string_view> lines;
  while (next < batch.size()) {
    Twins twins(batch[next]);
    lines.assign(1, batch[next].json);
    for (++next; next < batch.size() && batch[next].id == twins.id; ++next) {
      twins.add(batch[next]);
      lines.push_back(batch[next].json);
    }
    if (next < batch.size()) {
      settle(lines, twins, changed);
    } else {
      held_.emplace(Held{twins, {lines.begin(), lines.end()}});
    }
  }
}

void CatalogueWalk::finish(std::vector<ListedUpdate>& changed) {
  if (!held_) return;
  const std::vector<std::string_view> lines(held_->lines.begin(), held_->lines.end());
  settle(lines, held_->twins, changed);
  held_.reset();
}

void CatalogueWalk::settle(std::span<const std::string_view> lines, const Twins& twins,
                           std::vector<ListedUpdate>& changed) {
  const MediaId id = twins.id;
  bool again = false;
  if (id < position_ && !disordered_) {
    log_info("the listing is out of order (media {} after {}): it will take a little longer", id, position_);
    disordered_ = true;
    seen_set_.insert(seen_.begin(), seen_.end());
  }
  if (disordered_) again = !seen_set_.insert(id).second;
  position_ = std::max(position_, id);
  (again ? rows_again_ : rows_) += twins.different;

  const std::optional<ListingMark> mark = marks_.at(id);
  if (!again) {
    seen_.push_back(id);
    ++items_;
    if (mark) ++already_known_;
    if (mark && look_ == Look::at_changed && mark->fingerprint_high == twins.joined.high &&
        mark->fingerprint_low == twins.joined.low) {
      ++unchanged_.items;
      unchanged_.links += mark->is_link ? 1 : 0;
      unchanged_.assets += mark->assets;
      unchanged_.filtered += mark->filtered;
      return;
    }
  }
  ListedUpdate update;
  update.again = again;
  read(lines, twins, update);
  changed.push_back(std::move(update));
}

void CatalogueWalk::read(std::span<const std::string_view> lines, const Twins& twins, ListedUpdate& update) {
  update.fingerprint = twins.joined;
  for (const std::string_view line : lines) {
    std::optional<MediaItem> item = parse_media_item(line);
    if (!item) continue;
    if (update.item.id == 0) {
      update.item = std::move(*item);
    } else {
      merge(update.item, std::move(*item));
    }
  }
  if (update.item.id == twins.id) return;
  // an id that the quick look found and the parser does not: keep it as an item that gives nothing
  ++unparsable_;
  update.item = MediaItem{};
  update.item.id = twins.id;
}

// Pages know themselves whether they repeat a row, and may bring one twice where their windows meet.
std::string CatalogueWalk::doubt(std::uint64_t total, Listing::Mode mode) const {
  const std::uint64_t came = rows_ + (mode == Listing::Mode::query ? rows_again_ : 0);
  const std::uint64_t readable = came - std::min(came, unparsable_);
  if (readable >= total) return {};
  return fmt::format("of {} items that the service announced, {} different ones came that can be read",
                     format_count(total), format_count(readable));
}

std::vector<MediaId> CatalogueWalk::take_seen() {
  if (disordered_) std::ranges::sort(seen_);
  seen_set_.clear();
  return std::move(seen_);
}

}  // namespace medimirror
