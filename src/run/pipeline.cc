#include "run/pipeline.h"

#include <algorithm>
#include <thread>

#include "base/parallel.h"
#include "run/disk_room.h"
#include "run/download_queue.h"
#include "run/first_failure.h"
#include "run/listing_feed.h"

namespace medimirror {

namespace {

constexpr Millis kLoopSleepMax{
    250};  // so that progress moves and a stop is seen even when nothing else happens
constexpr Millis kLastSleepMax{10};  // while the last pictures are on their way to the index

// Pictures that are held and lack a derivative, each once.
std::vector<Digest> find_underived(const IndexView& view, const ImageWorker::Options& options) {
  std::vector<Digest> found;
  view.each_asset([&](const AssetKey& key, const AssetRecord& record) {
    if (record.to_publish() && key.format == options.derivative_source &&
        std::ranges::any_of(options.recipes, [&](const Recipe& recipe) {
          return !view.derivative({*record.digest, recipe.key()});
        }))
      found.push_back(*record.digest);
    return true;
  });
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  return found;
}

WriterMessage message_of(FetchResult& result, NotModified& same) {
  return StillSame{std::move(result.key), std::move(result.url), std::move(same.validators), result.tries};
}
template <typename Failure>
WriterMessage message_of(FetchResult& result, Failure& failure) {
  NotFetched message;
  message.key = std::move(result.key);
  message.url = std::move(result.url);
  message.reason = std::move(failure.reason);
  message.detail = std::move(failure.detail);
  message.tries = result.tries;
  return message;
}

// Whom the loop hands its work to.
struct Crew {
  Inbox<ImageWork>& images;
  Writer& writer;
  const FirstFailure& failure;
  const DiskRoom& disk;
};

// The loop: one thread drives the listing, the queue and the wire.
class Loop {
 public:
  Loop(const PipelineOptions& options, Listing* listing, const Wire& wire, const Index& index, Crew crew)
      : options_(options),
        wire_(wire),
        crew_(crew),
        view_(index.view()),
        feed_(listing, view_, options.look, wire, crew.writer, crew.failure),
        queue_(view_, options.run, crew.writer),
        room_(std::make_shared<Room>(lent_, options.overflow)),
        downloader_(options.downloader, wire.transport, wire.clock, room_, options.seed) {
    downloader_.remember(options.hosts);
    if (options.make_missing_derivatives) underived_ = find_underived(view_, options.image);
  }

  void run() {
    while (!crew_.failure.any()) {
      obey_stop();
      if (!draining_) feed_.advance();
      room_->set_aside(feed_.held_bytes());
      hear_writer();
      if (!disk_is_full_) {
        feed_downloads();
        feed_derivatives();
        mind_the_disk();
      }
      downloader_.advance();
      for (FetchResult& result : downloader_.take())
        std::visit([&](auto& what) { pass_on(result, what); }, result.outcome);
      read_from_disk();
      if (done()) break;
      wait();
    }
    wire_.progress.update(snapshot(), wire_.clock.steady_now());
  }

  void conclude(PipelineResult& result) {
    feed_.conclude(result);
    result.queue_done = queue_.done() && !cancelled_ && !disk_is_full_;
    result.disk_is_full = disk_is_full_;
    result.trouble = downloader_.trouble();
    result.hosts = downloader_.memory();
    result.requests = downloader_.requests();
    result.retries = downloader_.retries();
    result.bytes_downloaded = downloader_.bytes();
  }

 private:
  void obey_stop() {
    if (draining_ || !wire_.stop.requested()) return;
    draining_ = true;
    wire_.progress.say(
        "stopping: finishing what is under way; press Ctrl-C again to stop at once (nothing is lost)");
    downloader_.drain();
    underived_.clear();
  }

  void hear_writer() {
    const Feedback::News news = crew_.writer.feedback().take();
    room_->give_back_items(news.items);
    room_->give_back(news.bytes);
    feed_.hear(news);
    queue_.hear(news);
    shown_.failed = news.failed;
    shown_.to_fetch = std::max(shown_.to_fetch, news.to_fetch);
    view_.renew();  // see there
  }

  // Lends no more than the disk can take. Where it takes nothing more, something is wanted and nothing is on its way, the
  // listing alone goes on.
  void mind_the_disk() {
    RoomSize now = crew_.disk.room({options_.room_items, options_.room_bytes},
                                   {view_.asset_count(), view_.unpublished_count()});
    now.bytes -= static_cast<std::int64_t>(downloader_.in_flight()) * largest_body_;
    room_->resize(now);
    lent_ = now;
    if ((now.items > 0 && now.bytes > 0) || !nothing_on_its_way()) return;
    disk_is_full_ = !downloader_.idle() || !underived_.empty();
    if (disk_is_full_) downloader_.drain();
  }

  void feed_downloads() {
    const MediaId settled_below = feed_.settled_below();
    while (downloader_.wants_more()) {
      std::optional<Download> download = queue_.next(settled_below, nothing_under_way());
      if (!download) return;
      shown_.to_fetch = std::max(shown_.to_fetch, queue_.handed_out());
      downloader_.add(std::move(*download));
    }
  }

  // With half of the room at most, so that downloads go on meanwhile.
  void feed_derivatives() {
    if (lent_.bytes <= 0) return;
    for (; !underived_.empty() && room_->items_left() > lent_.items / 2; underived_.pop_back()) {
      const std::optional<BlobRecord> blob = view_.blob(underived_.back());
      const std::int64_t bytes = blob ? static_cast<std::int64_t>(blob->bytes) : 0;
      if (!room_->admit(bytes)) return;
      room_->take_item();
      crew_.images.push(MissingDerivatives{underived_.back(), bytes});
    }
  }

  void pass_on(FetchResult&, Cancelled&) { cancelled_ = true; }
  void pass_on(FetchResult& result, Fetched& fetched) {
    ++shown_.done;
    largest_body_ = std::max(largest_body_, static_cast<std::int64_t>(fetched.body.size()));
    if (fetched.body.in_file()) {
      on_disk_.push_back(std::move(result));
    } else {
      push_image(result, fetched, 0);
    }
  }
  void push_image(FetchResult& result, Fetched& fetched, std::int64_t more_bytes) {
    const std::int64_t bytes = fetched.body.detach() + more_bytes;
    crew_.images.push(
        FetchedBody{std::move(result.key), std::move(result.url), std::move(fetched), result.tries, bytes});
  }
  // In their order: while the first has to wait, so have all.
  void read_from_disk() {
    for (; !on_disk_.empty(); on_disk_.pop_front()) {
      auto& fetched = std::get<Fetched>(on_disk_.front().outcome);
      const auto bytes = static_cast<std::int64_t>(fetched.body.size());
      if (!room_->admit(bytes)) return;
      push_image(on_disk_.front(), fetched, bytes);
    }
  }
  template <typename Outcome>
  void pass_on(FetchResult& result, Outcome& outcome) {
    ++shown_.done;
    crew_.writer.inbox().push(message_of(result, outcome));
  }

  // Between the queue and the index: no request, no body, nothing that waits for the writer.
  bool nothing_on_its_way() const { return room_->is_idle(); }
  bool nothing_under_way() const { return downloader_.idle() && nothing_on_its_way(); }
  bool only_writing() const { return downloader_.idle() && !nothing_under_way(); }
  bool done() const {
    if (!nothing_under_way()) return false;
    return draining_ || (disk_is_full_ ? feed_.settled() : queue_.done() && underived_.empty());
  }

  void wait() {
    // with nothing on the wire and nothing to inspect, nobody will join what the writer gathers
    if (only_writing() && crew_.images.size() == 0) crew_.writer.inbox().hurry();
    const SteadyTime now = wire_.clock.steady_now();
    const SteadyTime latest = now + (only_writing() ? kLastSleepMax : kLoopSleepMax);
    const SteadyTime next = std::min({latest, downloader_.wake_at(), feed_.wake_at()});
    for (Completed& completed : wire_.transport.wait(std::max(now, next)))
      if (!feed_.handle(completed)) downloader_.handle(completed);
    wire_.progress.update(snapshot(), wire_.clock.steady_now());
  }

  ProgressSnapshot snapshot() const {
    ProgressSnapshot snapshot = shown_;
    snapshot.in_flight = downloader_.in_flight();
    snapshot.bytes = downloader_.bytes();
    snapshot.waits = downloader_.waiting();
    feed_.show(snapshot);
    return snapshot;
  }

  const PipelineOptions& options_;
  const Wire& wire_;
  const Crew crew_;
  // Of the walk and of the queue. Renewed all the time: one that stays keeps every page that the writer replaces
  // meanwhile, and the index grows to several times what is in it. The walk does not mind, because it asks once
  // for each id, before this run writes anything about it.
  IndexView view_;
  ListingFeed feed_;
  DownloadQueue queue_;
  std::vector<Digest> underived_;
  RoomSize lent_{options_.room_items, options_.room_bytes};
  std::shared_ptr<Room> room_;       // so large
  std::int64_t largest_body_ = 0;    // so far: what is on the wire may be as large
  std::deque<FetchResult> on_disk_;  // bodies that wait for memory to be read into
  Downloader downloader_;
  ProgressSnapshot shown_;  // done, failed, to_fetch: what is counted here
  bool draining_ = false, cancelled_ = false, disk_is_full_ = false;
};

}  // namespace

PipelineResult run_pipeline(const PipelineOptions& options, Listing* listing, const Wire& wire, Index& index,
                            BlobStore& blobs) {
  FirstFailure failure([&] { wire.transport.wake(); });
  Writer writer(options.writer, index, blobs, wire.clock, [&] { wire.transport.wake(); });
  const DiskRoom disk(blobs, options.writer.reserve_bytes, 1 + options.image.recipes.size());
  Inbox<ImageWork> images(static_cast<std::size_t>(options.room_items) + 1);

  PipelineResult result;
  std::vector<std::jthread> image_threads;
  std::jthread writer_thread;
  failure.guard([&] {
    for (std::size_t i = 0; i < options.image_threads; ++i)
      image_threads.push_back(start_thread([&] {
        failure.guard(
            [&] { ImageWorker(options.image, index, blobs, wire.clock, images, writer.inbox()).run(); });
      }));
    writer_thread = start_thread([&] {
      failure.guard([&] { writer.run(); });
      writer.inbox().close();  // after a failure: nobody may wait for a writer that is gone
    });
    Loop loop(options, listing, wire, index, {images, writer, failure, disk});
    failure.guard([&] { loop.run(); });
    loop.conclude(result);
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
