#include "run/listing_feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace medimirror {

namespace {

constexpr std::size_t kUpdatesPerMessage = 64;
constexpr std::int64_t kListedAhead = 8192, kListedBytesAhead = 16 << 20;

MediaId lowest(const std::vector<ListedUpdate>& updates) {
  return std::ranges::min(updates, {}, [](const ListedUpdate& update) { return update.item.id; }).item.id;
}

}  // namespace

void ListingFeed::advance() {
  if (over()) return;
  listing_->advance(wire_.clock.steady_now());
  while (listing_->take(batch_)) {
    walk_.absorb(batch_, changed_);
    send(kUpdatesPerMessage);
  }
  if (listing_->state() != Listing::State::running) end();
  send(1);
  if (over_) writer_.push_barrier(kListedBarrier);
}

void ListingFeed::end() {
  walk_.finish(changed_);
  over_ = true;
  if (listing_->state() != Listing::State::complete)
    wire_.progress.say(fmt::format("{}; nothing will be removed in this run", ending_of(*listing_)));
}

// What changed, when at least `least` waits.
void ListingFeed::send(std::size_t least) {
  if (changed_.empty() || changed_.size() < least) return;
  const auto count = static_cast<std::int64_t>(changed_.size());
  std::int64_t bytes = 0;
  for (const ListedUpdate& update : changed_) bytes += static_cast<std::int64_t>(update.bytes);
  uncommitted_items_ += count;
  uncommitted_bytes_ += bytes;
  while ((uncommitted_items_ > kListedAhead || uncommitted_bytes_ > kListedBytesAhead) &&
         !uncommitted_.empty() && !failure_.any()) {
    writer_.inbox().hurry();
    note_committed(writer_.feedback().wait_for_listed());
  }
  uncommitted_.push_back({count, bytes, lowest(changed_)});
  writer_.inbox().push(ListedBatch{std::exchange(changed_, {})});
}

void ListingFeed::note_committed(std::int64_t updates) {
  uncommitted_items_ -= updates;
  for (; updates > 0; uncommitted_.pop_front()) {
    updates -= uncommitted_.front().updates;
    uncommitted_bytes_ -= uncommitted_.front().bytes;
  }
}

void ListingFeed::hear(const Feedback::News& news) {
  note_committed(news.listed);
  settled_ = news.barrier >= kListedBarrier;
}

MediaId ListingFeed::settled_below() const {
  if (settled()) return kAllSettled;
  MediaId bound = walk_.position();
  if (!changed_.empty()) bound = std::min(bound, lowest(changed_));
  for (const Batch& batch : uncommitted_) bound = std::min(bound, batch.lowest);
  return bound;
}

std::int64_t ListingFeed::held_bytes() const {
  const std::size_t arrived = listing_ == nullptr ? 0 : listing_->held_bytes();
  return static_cast<std::int64_t>(arrived + walk_.held_bytes()) + uncommitted_bytes_;
}

void ListingFeed::show(ProgressSnapshot& snapshot) const {
  snapshot.listed = walk_.items();
  snapshot.listing_done = over();
  if (over()) return;
  if (auto waiting = listing_->waiting()) snapshot.waits.push_back(std::move(*waiting));
}

void ListingFeed::conclude(PipelineResult& result) {
  result.listing_ended = listing_ == nullptr || listing_->state() != Listing::State::running;
  if (listing_ != nullptr && over_ && listing_->state() == Listing::State::complete) {
    result.listing_doubt = walk_.doubt(listing_->total().value_or(0), listing_->mode());
    result.listing_complete = result.listing_doubt.empty();
  }
  result.unchanged = walk_.unchanged();
  result.listed = walk_.items();
  result.already_known = walk_.already_known();
  result.unparsable = walk_.unparsable();
  result.seen = walk_.take_seen();
}

}  // namespace medimirror
