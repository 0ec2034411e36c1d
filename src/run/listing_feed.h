// Role: the listing's side of the loop: what arrives goes through the walk, and what changed on to the writer.
// Place: the loop calls advance() before and handle() after each transport.wait(), and passes on what the writer tells.
// The download queue asks settled_below() how far it may follow.
// Threads: the loop's only.
// Failure: throws what a Listing throws.
// Limits: so many listed items, and bytes of them, are on their way to the index at most; a listing that is all new then waits for one group's
// commit, as its body cannot be held up in any other way.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "api/listing.h"
#include "report/progress.h"
#include "run/catalogue_walk.h"
#include "run/download_queue.h"
#include "run/first_failure.h"
#include "run/listing_drive.h"
#include "run/pipeline.h"
#include "run/writer.h"

namespace medimirror {

class ListingFeed {
 public:
  // `listing` may be null: then it is over, and all of it is in the index.
  ListingFeed(Listing* listing, const IndexView& view, CatalogueWalk::Look look, const Wire& wire,
              Writer& writer, const FirstFailure& failure)
      : listing_(listing), walk_(view, look), wire_(wire), writer_(writer), failure_(failure) {}

  void advance();
  bool handle(Completed& completed) { return listing_ != nullptr && listing_->handle(completed); }
  SteadyTime wake_at() const { return over() ? SteadyTime::max() : listing_->wake_at(); }
  void hear(const Feedback::News& news);

  // Below it, the index holds all that an ordered listing says about an item.
  bool settled() const { return listing_ == nullptr || settled_; }
  MediaId settled_below() const;  // kAllSettled: the listing is over, and all of it is in the index

  std::int64_t held_bytes() const;  // in memory, of what was listed

  void show(ProgressSnapshot& snapshot) const;
  void conclude(PipelineResult& result);

 private:
  bool over() const { return listing_ == nullptr || over_; }
  void end();
  void send(std::size_t least);
  void note_committed(std::int64_t updates);

  struct Batch {
    std::int64_t updates, bytes;
    MediaId lowest;
  };
  Listing* listing_;
  CatalogueWalk walk_;
  const Wire& wire_;
  Writer& writer_;
  const FirstFailure& failure_;
  std::vector<ListedItem> batch_;
  std::vector<ListedUpdate> changed_;
  std::deque<Batch> uncommitted_;  // on their way to the index
  std::int64_t uncommitted_items_ = 0, uncommitted_bytes_ = 0;
  bool over_ = false;     // no more is read of it
  bool settled_ = false;  // and the index has it all
};

}  // namespace medimirror
