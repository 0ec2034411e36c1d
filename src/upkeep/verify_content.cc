#include "upkeep/verify_content.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>
#include <tuple>

#include "base/error.h"
#include "base/log.h"
#include "base/parallel.h"

namespace medimirror {

namespace {

constexpr auto kRememberEvery = std::chrono::seconds(5);
constexpr auto kWaitAtMost = std::chrono::milliseconds(100);

std::size_t thread_count(const VerifyOptions& options) {
  return options.threads != 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency());
}

std::uint64_t slice_of(const Digest& digest, std::uint64_t slices) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) number = number << 8 | digest.bytes[i];
  return number % slices + 1;
}

}  // namespace

void Pace::take(std::uint64_t bytes) {
  if (rate_ == 0) return;
  using std::chrono::steady_clock;
  const Time mine = turn(bytes, steady_clock::now());
  for (auto now = steady_clock::now(); now < mine && !stop_.requested(); now = steady_clock::now())
    std::this_thread::sleep_for(std::min<steady_clock::duration>(kWaitAtMost, mine - now));
}

Pace::Time Pace::turn(std::uint64_t bytes, Time now) {
  const std::lock_guard lock(mutex_);
  const Time mine = std::max(free_at_, now);
  free_at_ = mine + std::chrono::duration_cast<Time::duration>(std::chrono::duration<double>(
                        static_cast<double>(bytes) / static_cast<double>(rate_)));
  return mine;
}

struct ContentCheck::Reading {
  explicit Reading(const VerifyOptions& options) : decoder(options.decoder) {}
  FileReader reader;
  Decoder decoder;  // starts a process with the first picture
  std::string body;
};

ContentCheck::ContentCheck(const VerifyOptions& options, Index* index, const Clock& clock,
                           const StopFlag& stop, const FindingSink& found, VerifyReport& report)
    : options_(options),
      index_(index),
      clock_(clock),
      stop_(stop),
      found_(found),
      report_(report),
      pace_(options.bytes_per_second_max, stop) {}

void ContentCheck::run(StructureResult work, SteadyTime deadline) {
  deadline_ = deadline;
  blobs_ = choose(std::move(work.blobs));
  copies_ = std::move(work.copies);
  std::erase_if(copies_, [&](const PublishedCopy& copy) {
    return slice_of(copy.digest, options_.slices) != options_.slice;
  });
  report_.to_read = blobs_.size() + copies_.size();
  const SteadyTime start = clock_.steady_now();
  read_all();
  report_.reading_seconds = std::chrono::duration<double>(clock_.steady_now() - start).count();
  report_.objects_read = objects_;
  report_.bytes_read = bytes_;
  report_.interrupted = stop_.requested();
  report_.complete = report_.objects_read == report_.to_read;
}

// New objects first, then the longest unread; among equals folder by folder, and in each as the inodes lie on the disk.
// Neighbours in a folder are neighbours in the index too, so that remembering a group writes few of its pages.
std::vector<ReadTarget> ContentCheck::choose(std::vector<ReadTarget> blobs) const {
  const UnixSeconds now = clock_.unix_now();
  std::erase_if(blobs, [&](const ReadTarget& target) {
    if (slice_of(target.digest, options_.slices) != options_.slice) return true;
    return options_.unread_for && target.last_verified > now - options_.unread_for->count();
  });
  std::ranges::sort(blobs, {}, [](const ReadTarget& target) {
    return std::tuple(target.last_verified, target.digest.bytes[0], target.inode);
  });
  return blobs;
}

bool ContentCheck::ended() const {
  return failed_ || stop_.requested() || clock_.steady_now() >= deadline_;
}

void ContentCheck::read_all() {
  const std::size_t all = blobs_.size() + copies_.size();
  const auto work = [&] {
    try {
      Reading reading(options_);
      for (std::size_t i; !ended() && (i = next_.fetch_add(1)) < all;) {
        if (i < blobs_.size()) {
          read_blob(blobs_[i], reading);
        } else {
          read_copy(copies_[i - blobs_.size()], reading);
        }
        objects_.fetch_add(1, std::memory_order_relaxed);
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failed_.exchange(true)) failure_ = std::current_exception();
    }
    {
      const std::lock_guard lock(mutex_);
      --running_;
    }
    finished_.notify_one();
  };
  const std::size_t threads = std::min(thread_count(options_), all);
  running_ = threads;
  {
    std::vector<std::jthread> pool;
    try {
      while (pool.size() < threads) pool.push_back(start_thread(work));
    } catch (const Error&) {
      if (pool.empty()) throw;
      const std::lock_guard lock(mutex_);
      running_ -= threads - pool.size();  // it takes longer
    }
    remember_while_reading(threads);
  }
  remember();
  if (failure_) std::rethrow_exception(failure_);
}

void ContentCheck::remember_while_reading(std::size_t threads) {
  if (threads == 0) return;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (finished_.wait_for(lock, kRememberEvery, [&] { return running_ == 0; })) return;
    }
    try {
      remember();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failed_.exchange(true)) failure_ = std::current_exception();
    }
  }
}

void ContentCheck::remember() {
  std::vector<Digest> good;
  {
    const std::lock_guard lock(mutex_);
    good.swap(good_);
  }
  if (index_ == nullptr || good.empty() || !report_.remembered) return;
  std::ranges::sort(good);
  try {
    const UnixSeconds now = clock_.unix_now();
    IndexGroup group = index_->group();
    for (const Digest& digest : good) {
      std::optional<BlobRecord> record = group.blob(digest);
      if (!record) continue;  // gc took it meanwhile
      record->last_verified = now;
      group.put_blob(digest, *record);
    }
    group.commit();
  } catch (const Error& error) {
    // A full disk, or a damaged index, must not end the search for damage.
    if (error.kind() != ErrorKind::disk && error.kind() != ErrorKind::index) throw;
    log_warning("what was read is not remembered: {}", error.what());
    report_.remembered = false;
  }
}

void ContentCheck::say(Finding finding) {
  const std::lock_guard lock(mutex_);
  found_(finding);
}

// The lock may be with a gc or a repair by now: what they took away is no damage.
bool ContentCheck::still_known(const Digest& digest) const {
  if (index_ == nullptr) return true;
  try {
    return index_->view().blob(digest).has_value();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::index) throw;
    return true;
  }
}

void ContentCheck::read_blob(const ReadTarget& target, Reading& reading) {
  const std::function<void(std::uint64_t)> pace = [&](std::uint64_t bytes) { pace_.take(bytes); };
  const bool pixels = options_.depth == VerifyDepth::pixels;
  const FileReader::Content content =
      reading.reader.read(blob_path(options_.store_folder, target.digest),
                          options_.bytes_per_second_max == 0 ? std::function<void(std::uint64_t)>{} : pace,
                          pixels ? &reading.body : nullptr);
  bytes_.fetch_add(content.bytes, std::memory_order_relaxed);
  const std::string name = target.digest.hex();
  if (content.error == ENOENT) {
    if (still_known(target.digest))
      say({FindingKind::blob_missing, name, "it vanished while others were read", target.digest});
  } else if (content.error != 0) {
    say({FindingKind::blob_unreadable, name, std::strerror(content.error), target.digest});
  } else if (content.digest != target.digest) {
    say({FindingKind::blob_wrong_content, name, fmt::format("its bytes hash to {}", content.digest.hex()),
         target.digest});
  } else if (!pixels || check_pixels(target, reading)) {
    const std::lock_guard lock(mutex_);
    good_.push_back(target.digest);
  }
}

bool ContentCheck::check_pixels(const ReadTarget& target, Reading& reading) {
  const auto verdict = reading.decoder.inspect(reading.body, {});
  const auto* rejection = std::get_if<Rejection>(&verdict);
  if (rejection == nullptr) return true;
  say({FindingKind::picture_damaged, target.digest.hex(), rejection->detail, target.digest});
  return false;
}

void ContentCheck::read_copy(const PublishedCopy& copy, Reading& reading) {
  const FileReader::Content content =
      reading.reader.read(options_.media_folder / copy.path, [&](std::uint64_t bytes) { pace_.take(bytes); });
  bytes_.fetch_add(content.bytes, std::memory_order_relaxed);
  if (content.error == 0 && content.digest == copy.digest) return;
  // A sync may have published another picture there since the structure was looked at.
  if (index_ != nullptr) {
    const auto record = index_->view().published(copy.key);
    if (!record || record->path != copy.path || record->digest != copy.digest) return;
  }
  say({content.error == ENOENT ? FindingKind::published_missing : FindingKind::published_replaced, copy.path,
       content.error != 0 ? std::strerror(content.error) : "its bytes are not those of the kept picture",
       copy.digest, copy.key});
}

}  // namespace medimirror
