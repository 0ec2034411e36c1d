#include "run/writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text_encoding.h"
#include "base/units.h"
#include "fetch/item_plan.h"

namespace medimirror {

namespace {

constexpr std::size_t kFailuresReported = 100'000;
constexpr std::size_t kNotesReported = 1'000;
constexpr std::size_t kAddressReported = 500;  // bytes

// Making blobs durable costs nearly the same for ten as for a thousand (local_blob_store.cc), so groups of them
// are this far apart, or this large: the room for what is under way must not run out meanwhile. A single picture
// after a pause is not held up.
constexpr Millis kBetweenGroups{250};
constexpr std::size_t kGroupEnough = 1024;
constexpr Millis kListedWaitMax{250};  // so that a failure of another thread is seen

bool brings_bytes(const WriterMessage& message) {
  return std::holds_alternative<Arrived>(message) || std::holds_alternative<Derived>(message);
}

}  // namespace

Feedback::News Feedback::take() {
  std::lock_guard lock(mutex_);
  News news = news_;
  news_.items = news_.bytes = news_.listed = 0;
  return news;
}

std::int64_t Feedback::wait_for_listed() {
  std::unique_lock lock(mutex_);
  told_.wait_for(lock, kListedWaitMax, [&] { return news_.listed > 0; });
  return std::exchange(news_.listed, 0);
}

std::filesystem::path rejected_sample_path(const std::filesystem::path& folder, const AssetKey& key) {
  return folder / fmt::format("{}-{}.head", key.media, key.format);
}

Writer::Writer(Options options, Index& index, BlobStore& blobs, const Clock& clock,
               std::function<void()> wake)
    : options_(std::move(options)),
      index_(index),
      blobs_(blobs),
      clock_(clock),
      wake_(std::move(wake)),
      inbox_(options_.inbox_capacity) {}

void Writer::push_barrier(std::uint64_t number) {
  inbox_.push(Barrier{number});
  inbox_.hurry();
}

void Writer::run() {
  SteadyTime earliest{};
  for (;;) {
    std::deque<WriterMessage> messages = inbox_.gather(earliest, kGroupEnough);
    if (messages.empty()) return;
    write(messages);
    const bool blobs = std::ranges::any_of(messages, brings_bytes);
    earliest = blobs ? clock_.steady_now() + kBetweenGroups : SteadyTime{};
  }
}

void Writer::write(std::deque<WriterMessage>& messages) {
  commit_blobs(messages);
  group_ = {};
  IndexGroup group = index_.group();
  for (WriterMessage& message : messages)
    std::visit([&](auto& concrete) { apply(group, concrete); }, message);
  const std::uint64_t queued = group.queue_count();
  group.commit();
  totals_.add(std::move(group_));
  // what failed in this run stays queued, for the next one
  news_.to_fetch = totals_.fetched + totals_.not_modified + queued;
  {
    std::lock_guard lock(feedback_.mutex_);
    Feedback::News& told = feedback_.news_;
    told.items += std::exchange(news_.items, 0);
    told.bytes += std::exchange(news_.bytes, 0);
    told.listed += std::exchange(news_.listed, 0);
    told.barrier = news_.barrier;
    told.to_fetch = news_.to_fetch;
    told.stored_bytes = totals_.stored_bytes;
    told.failed = totals_.failed;
  }
  feedback_.told_.notify_one();
  wake_();
  const auto lists = [](const WriterMessage& message) {
    return std::holds_alternative<ListedBatch>(message);
  };
  if (std::ranges::any_of(messages, lists)) check_space();
}

void Writer::Totals::add(Totals&& group) {
  changed_items += group.changed_items;
  links += group.links;
  assets += group.assets;
  filtered += group.filtered;
  fallback += group.fallback;
  fetched += group.fetched;
  deduplicated += group.deduplicated;
  not_modified += group.not_modified;
  failed += group.failed;
  stored_bytes += group.stored_bytes;
  derivatives_failed += group.derivatives_failed;
  tried.insert(tried.end(), group.tried.begin(), group.tried.end());
  const auto append = [](auto& all, auto& some, std::size_t most) {
    for (auto& one : some)
      if (all.size() < most) all.push_back(std::move(one));
  };
  append(failures, group.failures, kFailuresReported);
  append(notes, group.notes, kNotesReported);
}

// Pictures are held off before (disk_room.h); what is listed grows the index all the same.
void Writer::check_space() const {
  const std::uint64_t least = options_.reserve_bytes / 2, free = blobs_.space().bytes_free;
  if (free >= least) return;
  throw Error(
      ErrorKind::disk,
      fmt::format(
          "only {} are free where the store is, and what is listed may use up half of the {} that are to "
          "stay free (publish.reserve): free some space and run again, what is done is kept",
          format_bytes(free), format_bytes(options_.reserve_bytes)),
      "check the free space");
}

void Writer::commit_blobs(const std::deque<WriterMessage>& messages) {
  std::vector<StagedBlob> staged;
  const auto collect = [&](const NewBlob& blob) {
    if (blob.staged) staged.push_back(*blob.staged);
  };
  for (const WriterMessage& message : messages) {
    if (const auto* arrived = std::get_if<Arrived>(&message)) {
      collect(arrived->blob);
      for (const NewDerivative& derivative : arrived->derivatives) collect(derivative.blob);
    } else if (const auto* derived = std::get_if<Derived>(&message)) {
      for (const NewDerivative& derivative : derived->derivatives) collect(derivative.blob);
    }
  }
  if (!staged.empty()) blobs_.commit(staged);
}

void Writer::apply(IndexGroup& group, ListedBatch& batch) {
  news_.listed += static_cast<std::int64_t>(batch.updates.size());
  for (ListedUpdate& update : batch.updates) apply(group, update);
}

void Writer::apply(IndexGroup& group, ListedUpdate& update) {
  const MediaId id = update.item.id;
  const std::optional<ListingMark> old_mark = group.mark(id);
  Fingerprint fingerprint = update.fingerprint;
  if (update.again) {
    if (std::optional<MediaItem> stored = group.media(id)) {
      merge(*stored, std::move(update.item));
      update.item = std::move(*stored);
    }
    if (old_mark) {
      fingerprint = join(old_mark->fingerprint, fingerprint);
      group_.assets -= old_mark->assets;
      group_.filtered -= old_mark->filtered;
      group_.links -= old_mark->is_link ? 1 : 0;
    }
  } else {
    ++group_.changed_items;
  }
  const ItemPlan plan =
      plan_item(update.item, {options_.selection, options_.adopted, options_.run, clock_.unix_now()}, group);
  for (const PlannedAsset& asset : plan.wanted) {
    if (asset.changed()) group.put_asset(asset.key, asset.record);
    if (asset.record.digest) group.mark_unpublished(asset.key);  // its path may depend on what changed
  }
  for (const PlannedAsset& asset : plan.absent)
    if (asset.changed()) group.put_asset(asset.key, asset.record);
  group.put_media(update.item);
  group.put_mark(id, {fingerprint, static_cast<std::uint8_t>(plan.wanted.size()),
                      static_cast<std::uint8_t>(plan.filtered), plan.is_link});
  group_.assets += plan.wanted.size();
  group_.filtered += plan.filtered;
  group_.fallback += plan.fallback;
  group_.links += plan.is_link ? 1 : 0;
}

void Writer::put_new_blob(IndexGroup& group, const NewBlob& blob) {
  if (group.blob(blob.digest)) return;
  group.put_blob(blob.digest, blob.record);
  group_.stored_bytes += blob.record.bytes;
}

void Writer::apply(IndexGroup& group, Arrived& arrived) {
  news_.items += 1;
  news_.bytes += arrived.room_bytes;
  ++group_.fetched;
  if (group.blob(arrived.blob.digest)) ++group_.deduplicated;
  put_new_blob(group, arrived.blob);
  for (const NewDerivative& derivative : arrived.derivatives) {
    put_new_blob(group, derivative.blob);
    group.put_derivative({arrived.blob.digest, derivative.recipe}, derivative.blob.digest);
  }
  group_.tried.push_back(arrived.key.media);
  if (!arrived.blob.record.info.note.empty())
    group_.notes.push_back(fmt::format("media {} ({}) is kept with a note: {}", arrived.key.media,
                                       arrived.key.format, arrived.blob.record.info.note));

  std::optional<AssetRecord> record = group.asset(arrived.key);
  if (!record) return;
  const bool tried_before = !record->attempts.empty();
  record_attempt(*record, "fetched", "", arrived.tries);
  record->digest = arrived.blob.digest;
  record->held_url = arrived.url;
  record->etag = arrived.validators.etag;
  record->last_modified = arrived.validators.last_modified;
  record->fetched_at = clock_.unix_now();
  // listed with another URL while this one was under way: that one is still wanted
  record->state = record->url == arrived.url ? AssetState::held : AssetState::wanted;
  group.put_asset(arrived.key, *record);
  group.mark_unpublished(arrived.key);
  if (!tried_before) return;
  std::error_code ignored;  // mostly there is none
  std::filesystem::remove(sample_path(arrived.key), ignored);
}

void Writer::apply(IndexGroup& group, StillSame& same) {
  ++group_.not_modified;
  group_.tried.push_back(same.key.media);
  std::optional<AssetRecord> record = group.asset(same.key);
  if (!record) return;
  record_attempt(*record, "not_modified", "", same.tries);
  record->held_url = same.url;
  if (!same.validators.etag.empty()) record->etag = same.validators.etag;
  if (!same.validators.last_modified.empty()) record->last_modified = same.validators.last_modified;
  record->state = record->url == same.url ? AssetState::held : AssetState::wanted;
  group.put_asset(same.key, *record);
}

void Writer::apply(IndexGroup& group, NotFetched& failure) {
  if (failure.room_bytes >= 0) {
    news_.items += 1;
    news_.bytes += failure.room_bytes;
  }
  ++group_.failed;
  group_.tried.push_back(failure.key.media);
  if (!failure.sample.empty()) {
    // a help for people, not part of the mirror: it need not survive a crash
    make_folders(options_.rejected_folder);
    ::unlink(sample_path(failure.key).c_str());  // it may be a link that somebody put there
    const UniqueFd file = open_file(sample_path(failure.key), O_WRONLY | O_CREAT | O_EXCL);
    write_all(file.get(), failure.sample, sample_path(failure.key));
  }
  if (std::optional<AssetRecord> record = group.asset(failure.key)) {
    record_attempt(*record, failure.reason, failure.detail, failure.tries);
    if (record->url == failure.url) record->state = AssetState::failed;  // else what was planned since stands
    group.put_asset(failure.key, *record);
  }
  group_.failures.push_back({failure.key.media, failure.key.format,
                             std::string(shortened(failure.url, kAddressReported)), failure.reason,
                             failure.detail, failure.tries});
}

void Writer::apply(IndexGroup& group, Derived& derived) {
  news_.items += 1;
  news_.bytes += derived.room_bytes;
  for (const NewDerivative& derivative : derived.derivatives) {
    put_new_blob(group, derivative.blob);
    group.put_derivative({derived.source, derivative.recipe}, derivative.blob.digest);
  }
  if (derived.failure.empty()) return;
  ++group_.derivatives_failed;
  group_.notes.push_back(derived.failure);
}

void Writer::apply(IndexGroup&, Barrier& barrier) {
  news_.barrier = barrier.number;
}

void Writer::record_attempt(AssetRecord& record, std::string outcome, std::string detail,
                            std::uint32_t tries) const {
  record.attempts.push_back({clock_.unix_now(), options_.run, std::move(outcome), std::move(detail), tries});
}

std::filesystem::path Writer::sample_path(const AssetKey& key) const {
  return rejected_sample_path(options_.rejected_folder, key);
}

}  // namespace medimirror
