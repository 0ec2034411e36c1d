#include "run/pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "base/parallel.h"
#include "fetch/plan.h"
#include "image/media_type.h"

namespace medimirror {

namespace {

constexpr std::size_t kQueueChunk = 256;
constexpr std::size_t kUpdatesPerMessage = 64;
constexpr std::int64_t kListedAhead = 8192;  // listed items that the writer has not committed yet
constexpr Millis kLoopSleepMax{
    250};  // so that progress moves and a stop is seen even when nothing else happens
constexpr Millis kLastSleepMax{10};  // while the last pictures are on their way to the index

// The first exception of any thread; it ends the run.
class FirstFailure {
 public:
  explicit FirstFailure(std::function<void()> wake) : wake_(std::move(wake)) {}

  template <typename Body>
  void guard(Body body) noexcept {
    try {
      body();
    } catch (...) {
      {
        std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
      }
      failed_.store(true);
      wake_();
    }
  }
  bool any() const { return failed_.load(); }
  std::exception_ptr get() const { return failure_; }  // once the threads have ended

 private:
  std::function<void()> wake_;
  std::mutex mutex_;
  std::exception_ptr failure_;
  std::atomic<bool> failed_{false};
};

// The loop: everything that one thread does with the listing, the queue and the wire.
class Loop {
 public:
  Loop(const PipelineOptions& options, Listing* listing, Transport& transport, Index& index,
       const Clock& clock, Progress& progress, const StopFlag& stop, Inbox<ImageWork>& images, Writer& writer,
       const FirstFailure& failure)
      : options_(options),
        listing_(listing),
        transport_(transport),
        clock_(clock),
        progress_(progress),
        stop_(stop),
        images_(images),
        writer_(writer),
        failure_(failure),
        view_(index.view()),
        walk_(view_, options.look),
        room_{options.room_items, options.room_bytes},
        downloader_(options.downloader, transport, clock, room_, options.seed) {
    downloader_.remember(options.hosts);
    if (options.make_missing_derivatives) find_underived();
  }

  void run() {
    while (!failure_.any()) {
      obey_stop();
      read_listing();
      hear_writer();
      feed_downloads();
      feed_derivatives();
      downloader_.advance();
      dispatch(downloader_.take());
      if (done()) break;
      hurry_the_last();
      wait();
    }
    progress_.update(snapshot(), clock_.steady_now());
  }

  void fill(PipelineResult& result) {
    result.listing_ended = listing_ == nullptr || listing_->state() != Listing::State::running;
    result.listing_complete =
        listing_ != nullptr && listing_over_ && listing_->state() == Listing::State::complete;
    if (result.listing_complete) {
      result.listing_doubt = walk_.doubt(listing_->total().value_or(0), listing_->mode());
      result.listing_complete = result.listing_doubt.empty();
    }
    result.unchanged = walk_.unchanged();
    result.listed = walk_.items();
    result.already_known = walk_.already_known();
    result.unparsable = walk_.unparsable();
    result.seen = walk_.take_seen();
    result.queue_done = queue_done() && !cancelled_;
    result.trouble = downloader_.trouble();
    result.hosts = downloader_.memory();
    result.requests = downloader_.requests();
    result.retries = downloader_.retries();
    result.bytes_downloaded = downloader_.bytes();
  }

 private:
  void obey_stop() {
    if (draining_ || !stop_.requested()) return;
    draining_ = true;
    progress_.say(
        "stopping: finishing what is under way; press Ctrl-C again to stop at once (nothing is lost)");
    downloader_.drain();
  }

  void read_listing() {
    if (listing_ == nullptr || listing_over_ || draining_) return;
    listing_->advance(clock_.steady_now());
    while (listing_->take(batch_)) {
      walk_.absorb(batch_, changed_);
      send_changed(kUpdatesPerMessage);
    }
    if (listing_->state() != Listing::State::running) {
      walk_.finish(changed_);
      listing_over_ = true;
      if (listing_->state() != Listing::State::complete)
        progress_.say(fmt::format("{}; nothing will be removed in this run", ending_of(*listing_)));
    }
    send_changed(1);
    if (listing_over_) push_barrier(kListingBarrier);
  }

  // Sends what changed, when at least `least` waits.
  void send_changed(std::size_t least) {
    if (changed_.empty() || changed_.size() < least) return;
    const auto count = static_cast<std::int64_t>(changed_.size());
    listed_room_ -= count;
    // The back-pressure on a listing that is all new: its body cannot be held up in any other way. It lasts no longer than
    // one group's commit.
    while (listed_room_ < 0 && !uncommitted_.empty() && !failure_.any()) {
      writer_.inbox().hurry();
      note_committed(writer_.feedback().wait_for_listed());
    }
    uncommitted_.push_back({count, lowest(changed_)});
    writer_.inbox().push(ListedBatch{std::exchange(changed_, {})});
  }

  static MediaId lowest(const std::vector<ListedUpdate>& updates) {
    return std::ranges::min(updates, {}, [](const ListedUpdate& update) { return update.item.id; }).item.id;
  }

  void note_committed(std::int64_t updates) {
    listed_room_ += updates;
    for (; updates > 0; uncommitted_.pop_front()) updates -= uncommitted_.front().updates;
  }

  // Below it, the index holds all that an ordered listing says about an item.
  MediaId settled_below() const {
    MediaId bound = walk_.position();
    if (!changed_.empty()) bound = std::min(bound, lowest(changed_));
    for (const Uncommitted& batch : uncommitted_) bound = std::min(bound, batch.lowest);
    return bound;
  }

  void push_barrier(std::uint64_t number) {
    writer_.inbox().push(Barrier{number});
    writer_.inbox().hurry();
  }

  void hear_writer() {
    const Feedback::News news = writer_.feedback().take();
    room_.items += news.items;
    room_.bytes += news.bytes;
    note_committed(news.listed);
    barrier_seen_ = news.barrier;
    failed_ = news.failed;
    to_fetch_ = std::max(to_fetch_, news.to_fetch);
    view_.renew();  // see there
  }

  bool everything_listed() const { return listing_ == nullptr || barrier_seen_ >= kListingBarrier; }

  // Follows the listing through the queue. Only where the writer has followed it as well is it certain that the
  // listing has nothing newer to say about an item; at its end one more pass picks up what an unordered listing
  // named behind us.
  void feed_downloads() {
    const bool all_settled = everything_listed();
    const MediaId bound = all_settled ? 0 : settled_below();
    while (downloader_.wants_more()) {
      if (chunk_.empty() && !read_queue()) return;
      const AssetKey key = chunk_.back();
      if (!all_settled && key.media >= bound) return;
      chunk_.pop_back();
      cursor_ = key;
      const std::optional<AssetRecord> record = view_.asset(key);
      if (!record || !record->to_fetch() || tried_in_this_run(*record)) continue;
      Download download{key, record->url, {}};
      if (can_revalidate(*record)) download.validators = {record->etag, record->last_modified};
      to_fetch_ = std::max(to_fetch_, ++added_);
      downloader_.add(std::move(download));
    }
  }

  // The next chunk of the queue. Once all is listed, a second pass over it finds what an unordered listing
  // named behind the cursor, and what got a new URL while the old one was under way. It starts when nothing
  // is under way and the writer has everything, since until then the queue still holds what was tried.
  bool read_queue() {
    if (pass_ == Pass::over) return false;
    if (pass_ == Pass::settling) {
      if (barrier_seen_ < kFirstPassBarrier) return false;
      pass_ = Pass::second;
      cursor_.reset();
    }
    const bool listed_before_reading = everything_listed();
    chunk_ = view_.queued(cursor_, kQueueChunk);
    if (!chunk_.empty()) {
      std::ranges::reverse(chunk_);  // taken from the back
      return true;
    }
    if (pass_ == Pass::second) {
      pass_ = Pass::over;
    } else if (listed_before_reading && nothing_under_way()) {
      pass_ = Pass::settling;
      push_barrier(kFirstPassBarrier);
    }
    return false;
  }

  bool tried_in_this_run(const AssetRecord& record) const {
    return record.state == AssetState::failed && !record.attempts.empty() &&
           record.attempts.back().run == options_.run;
  }

  void dispatch(std::vector<FetchResult> results) {
    for (FetchResult& result : results) {
      const bool cancelled = std::holds_alternative<Cancelled>(result.outcome);
      cancelled_ = cancelled_ || cancelled;
      if (!cancelled) ++tried_count_;
      std::visit([&](auto& outcome) { pass_on(result, outcome); }, result.outcome);
    }
  }
  void pass_on(FetchResult& result, Fetched& fetched) {
    images_.push(FetchedBody{std::move(result.key), std::move(result.url), std::move(fetched), result.tries});
  }
  void pass_on(FetchResult& result, NotModified& same) {
    writer_.inbox().push(
        StillSame{std::move(result.key), std::move(result.url), std::move(same.validators), result.tries});
  }
  void pass_on(FetchResult&, Cancelled&) {}
  template <typename Failure>
  void pass_on(FetchResult& result, Failure& failure) {
    NotFetched message;
    message.key = std::move(result.key);
    message.url = std::move(result.url);
    message.reason = std::move(failure.reason);
    message.detail = std::move(failure.detail);
    message.tries = result.tries;
    writer_.inbox().push(std::move(message));
  }

  void find_underived() {
    view_.each_asset([&](const AssetKey& key, const AssetRecord& record) {
      if (record.to_publish() && key.format == options_.image.derivative_source)
        for (const Recipe& recipe : options_.image.recipes)
          if (!view_.derivative({*record.digest, recipe.key()})) {
            underived_.push_back(*record.digest);
            break;
          }
      return true;
    });
    std::ranges::sort(underived_);
    underived_.erase(std::ranges::unique(underived_).begin(), underived_.end());
  }

  void feed_derivatives() {
    if (draining_) underived_.clear();
    // half of the room at most, so that downloads go on meanwhile
    while (!underived_.empty() && room_.items > options_.room_items / 2) {
      room_.items -= 1;
      images_.push(MissingDerivatives{underived_.back()});
      underived_.pop_back();
    }
  }

  // Between the queue and the index: no request, no body, nothing that waits for the writer.
  bool nothing_under_way() const { return downloader_.idle() && room_.items == options_.room_items; }

  // With nothing on the wire and nothing to inspect, nobody will join what the writer gathers.
  void hurry_the_last() {
    if (only_writing() && images_.size() == 0) writer_.inbox().hurry();
  }
  bool only_writing() const { return downloader_.idle() && !nothing_under_way(); }

  bool queue_done() const { return pass_ == Pass::over && chunk_.empty(); }

  bool done() const {
    if (draining_) return nothing_under_way();
    return queue_done() && nothing_under_way() && underived_.empty();
  }

  void wait() {
    const SteadyTime now = clock_.steady_now();
    SteadyTime deadline = now + (only_writing() ? kLastSleepMax : kLoopSleepMax);
    deadline = std::min(deadline, downloader_.wake_at());
    if (listing_ != nullptr && !listing_over_) deadline = std::min(deadline, listing_->wake_at());
    for (Completed& completed : transport_.wait(std::max(now, deadline)))
      if (listing_ == nullptr || !listing_->handle(completed)) downloader_.handle(completed);
    progress_.update(snapshot(), clock_.steady_now());
  }

  ProgressSnapshot snapshot() const {
    ProgressSnapshot snapshot;
    snapshot.listed = walk_.items();
    snapshot.listing_done = listing_ == nullptr || listing_over_;
    snapshot.to_fetch = to_fetch_;
    snapshot.done = tried_count_;
    snapshot.failed = failed_;
    snapshot.in_flight = downloader_.in_flight();
    snapshot.bytes = downloader_.bytes();
    snapshot.waits = downloader_.waiting();
    if (listing_ != nullptr && !listing_over_)
      if (auto waiting = listing_->waiting()) snapshot.waits.push_back(std::move(*waiting));
    return snapshot;
  }

  static constexpr std::uint64_t kListingBarrier = 1, kFirstPassBarrier = 2;

  const PipelineOptions& options_;
  Listing* listing_;
  Transport& transport_;
  const Clock& clock_;
  Progress& progress_;
  const StopFlag& stop_;
  Inbox<ImageWork>& images_;
  Writer& writer_;
  const FirstFailure& failure_;

  // Of the walk and of the queue. Renewed all the time: one that stays keeps every page that the writer replaces
  // meanwhile, and the index grows to several times what is in it. The walk does not mind, because it asks once
  // for each id, before this run writes anything about it.
  IndexView view_;
  CatalogueWalk walk_;
  std::vector<ListedItem> batch_;
  std::vector<ListedUpdate> changed_;
  struct Uncommitted {
    std::int64_t updates;
    MediaId lowest;
  };
  std::deque<Uncommitted> uncommitted_;  // batches on their way to the index
  std::int64_t listed_room_ = kListedAhead;
  bool listing_over_ = false;       // no more will be read of it
  std::uint64_t barrier_seen_ = 0;  // how far the writer is
  bool draining_ = false;

  Room room_;
  Downloader downloader_;
  std::vector<AssetKey> chunk_;  // of the queue, last first
  std::optional<AssetKey> cursor_;
  enum class Pass { first, settling, second, over } pass_ = Pass::first;
  bool cancelled_ = false;
  std::vector<Digest> underived_;

  std::uint64_t added_ = 0;     // to the downloader
  std::uint64_t to_fetch_ = 0;  // known so far
  std::uint64_t tried_count_ = 0, failed_ = 0;
};

}  // namespace

PipelineResult run_pipeline(const PipelineOptions& options, Listing* listing, Transport& transport,
                            Index& index, BlobStore& blobs, const Clock& clock, Progress& progress,
                            const StopFlag& stop) {
  FirstFailure failure([&] { transport.wake(); });
  Writer writer(options.writer, index, blobs, clock, [&] { transport.wake(); });
  Inbox<ImageWork> images(static_cast<std::size_t>(options.room_items) + 1);

  PipelineResult result;
  std::vector<std::jthread> image_threads;
  std::jthread writer_thread;
  failure.guard([&] {
    for (std::size_t i = 0; i < options.image_threads; ++i)
      image_threads.push_back(start_thread([&] {
        failure.guard([&] { ImageWorker(options.image, index, blobs, clock, images, writer.inbox()).run(); });
      }));
    writer_thread = start_thread([&] {
      failure.guard([&] { writer.run(); });
      writer.inbox().close();  // after a failure: nobody may wait for a writer that is gone
    });
    Loop loop(options, listing, transport, index, clock, progress, stop, images, writer, failure);
    failure.guard([&] { loop.run(); });
    loop.fill(result);
  });
  // the workers end with what they have, then the writer with what they sent
  images.close();
  for (std::jthread& thread : image_threads) thread.join();
  writer.inbox().close();
  if (writer_thread.joinable()) writer_thread.join();
  result.failure = failure.get();
  result.written = std::move(writer.totals());
  for (const MediaId id : result.written.tried)
    ++(std::ranges::binary_search(result.seen, id) ? result.tried_listed : result.tried_carried_over);
  return result;
}

}  // namespace medimirror
