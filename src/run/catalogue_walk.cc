#include "run/catalogue_walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/units.h"

namespace medimirror {

namespace {

constexpr std::size_t kTwinsRead = 16;           // a photo that is a frontal as well has two rows
constexpr std::size_t kBytesOfARemembered = 48;  // in a set

}  // namespace

CatalogueWalk::Twins::Twins(std::span<const ListedItem> of_one)
    : id(of_one.front().id), joined(of_one.front().fingerprint), last(joined) {
  add(of_one.subspan(1));
  rows = of_one;
}

// Behind those of an earlier batch.
void CatalogueWalk::Twins::add(std::span<const ListedItem> more) {
  for (const ListedItem& row : more) {
    if (!(row.fingerprint == last)) ++different;
    joined = join(joined, row.fingerprint);
    last = row.fingerprint;
  }
  rows = more;
}

void CatalogueWalk::Twins::outlive_batch() {
  for (const ListedItem& row : std::exchange(rows, {}))
    if (kept.size() < kTwinsRead) kept.emplace_back(row.json);
}

std::optional<MediaItem> CatalogueWalk::Twins::read() const {
  std::optional<MediaItem> joined_item;
  const auto add_item = [&](const ListedItem& row) {
    std::optional<MediaItem> item = row.media();
    if (item && joined_item) {
      merge(*joined_item, std::move(*item));
    } else if (item) {
      joined_item = std::move(item);
    }
  };
  for (const std::string& json : kept) add_item({.id = id, .fingerprint = {}, .json = json});
  for (const ListedItem& row : rows.first(std::min(rows.size(), kTwinsRead))) add_item(row);
  if (joined_item && joined_item->id != id) joined_item.reset();
  return joined_item;
}

std::size_t CatalogueWalk::Twins::bytes() const {
  std::size_t bytes = 0;
  for (const std::string& json : kept) bytes += json.size();
  for (const ListedItem& row : rows.first(std::min(rows.size(), kTwinsRead))) bytes += row.json.size();
  return bytes;
}

void CatalogueWalk::absorb(std::span<const ListedItem> batch, std::vector<ListedUpdate>& changed) {
  const auto take_rows_of = [&batch](MediaId id) {
    const auto other = std::ranges::find_if(batch, [id](const ListedItem& row) { return row.id != id; });
    const auto count = static_cast<std::size_t>(other - batch.begin());
    const std::span<const ListedItem> rows = batch.first(count);
    batch = batch.subspan(count);
    return rows;
  };
  if (held_) {
    held_->add(take_rows_of(held_->id));
    if (!batch.empty()) finish(changed);
  }
  while (!batch.empty()) {
    Twins twins(take_rows_of(batch.front().id));
    if (batch.empty()) {
      held_ = std::move(twins);
    } else {
      settle(twins, changed);
    }
  }
  if (held_) held_->outlive_batch();
}

void CatalogueWalk::finish(std::vector<ListedUpdate>& changed) {
  if (held_) settle(*held_, changed);
  held_.reset();
}

void CatalogueWalk::settle(const Twins& twins, std::vector<ListedUpdate>& changed) {
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
    if (mark && look_ == Look::at_changed && mark->fingerprint == twins.joined) {
      ++unchanged_.items;
      unchanged_.links += mark->is_link ? 1 : 0;
      unchanged_.assets += mark->assets;
      unchanged_.filtered += mark->filtered;
      return;
    }
  }
  std::optional<MediaItem> item = twins.read();
  if (!item) {
    // an id that the quick look found and the parser does not: keep it as an item that gives nothing
    ++unparsable_;
    item.emplace().id = id;
  }
  changed.push_back({std::move(*item), twins.joined, again, twins.bytes()});
}

// Pages know themselves whether they repeat a row, and may bring one twice where their windows meet.
std::string CatalogueWalk::doubt(std::uint64_t total, Listing::Mode mode) const {
  const std::uint64_t came = rows_ + (mode == Listing::Mode::query ? rows_again_ : 0);
  const std::uint64_t readable = came - std::min(came, unparsable_);
  if (readable >= total) return {};
  return fmt::format("of {} items that the service announced, {} different ones came that can be read",
                     format_count(total), format_count(readable));
}

std::size_t CatalogueWalk::held_bytes() const {
  return seen_.capacity() * sizeof seen_[0] + seen_set_.size() * kBytesOfARemembered;
}

std::vector<MediaId> CatalogueWalk::take_seen() {
  if (disordered_) std::ranges::sort(seen_);
  seen_set_.clear();
  return std::move(seen_);
}

}  // namespace medimirror
