// Role: the one thread that writes the index and names blobs. It takes all messages that wait, makes their
// blobs durable, then their records in one commit, and only then tells the loop.
// Place: the loop sends what was listed and what failed, image workers send what arrived; plan_item
// decides what a listed item means, inside the group, so that it always sees the newest records. Durability
// (invariant 2): blobs.commit() returns before the index group that names them is committed. Killed in
// between leaves blobs nobody names (gc's work), never a record without its blob.
// Failure: throws Error{disk, index}; the pipeline ends the run with it. A failure of an item is a message.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/listing.h"
#include "base/clock.h"
#include "base/inbox.h"
#include "base/media.h"
#include "fetch/adopted_names.h"
#include "fetch/downloader.h"
#include "fetch/selection.h"
#include "report/run_report.h"
#include "store/blob_store.h"
#include "store/index.h"

namespace medimirror {

struct ListedUpdate {
  MediaItem item;
  Fingerprint fingerprint;
  bool again = false;     // listed before in this run: to be merged with what is stored
  std::size_t bytes = 0;  // of the rows that it was read from
};
struct ListedBatch {
  std::vector<ListedUpdate> updates;
};

struct NewBlob {
  std::optional<StagedBlob> staged;  // nothing: the bytes are held already
  Digest digest;
  BlobRecord record;
};
struct NewDerivative {
  std::uint64_t recipe = 0;  // Recipe::key()
  NewBlob blob;
};
struct Arrived {
  AssetKey key;
  std::string url;
  NewBlob blob;
  std::vector<NewDerivative> derivatives;
  Validators validators;
  std::uint32_t tries = 0;
  std::int64_t room_bytes = 0;  // given back once this is on disk
};
struct NotFetched {
  AssetKey key;
  std::string url;
  std::string reason, detail;
  std::string sample;  // the first bytes of a refused body, kept for `show`
  std::uint32_t tries = 0;
  std::int64_t room_bytes = -1;  // -1: it takes no room
};
struct StillSame {
  AssetKey key;
  std::string url;
  Validators validators;
  std::uint32_t tries = 0;
};
struct Derived {  // for a blob held already
  Digest source;
  std::vector<NewDerivative> derivatives;
  std::string failure;  // a sentence, when they could not be made
  std::int64_t room_bytes = 0;
};
struct Barrier {
  std::uint64_t number = 0;  // everything sent before it has been committed once Feedback shows this number
};
inline constexpr std::uint64_t kListedBarrier = 1, kFirstPassBarrier = 2;
using WriterMessage = std::variant<ListedBatch, Arrived, NotFetched, StillSame, Derived, Barrier>;

// What flows back to the loop: there is room again, and how far the writer is.
class Feedback {
 public:
  struct News {
    std::int64_t items = 0, bytes = 0;  // room given back
    std::int64_t listed = 0;            // likewise, of listed updates
    std::uint64_t barrier = 0;
    std::uint64_t stored_bytes = 0;
    std::uint64_t failed = 0;
    std::uint64_t to_fetch = 0;  // all that this run fetched or has to, as far as is known
  };
  News take();
  std::int64_t wait_for_listed();  // takes News::listed; 0 when there is none for a while

 private:
  friend class Writer;
  std::mutex mutex_;
  std::condition_variable told_;
  News news_;
};

class Writer {
 public:
  struct Options {
    RunNumber run = 0;
    Selection selection;
    std::filesystem::path rejected_folder;  // samples of refused bodies
    std::uint64_t reserve_bytes = 0;        // of free space: below half of it no listing goes on
    std::size_t inbox_capacity = 16384;  // more than all who push may have under way, so that none ever waits
    const AdoptedNames* adopted = nullptr;  // pictures that `adopt` took over
  };
  Writer(Options options, Index& index, BlobStore& blobs, const Clock& clock, std::function<void()> wake);

  Inbox<WriterMessage>& inbox() { return inbox_; }
  void push_barrier(std::uint64_t number);  // and is not gathered for any longer
  Feedback& feedback() { return feedback_; }

  void run();  // the thread's body: until the inbox is closed and empty

  // Of what is committed. Read them after run() has returned.
  struct Totals {
    std::uint64_t changed_items = 0, links = 0, assets = 0, filtered = 0, fallback = 0;  // of listed updates
    std::uint64_t fetched = 0, deduplicated = 0, not_modified = 0, failed = 0;
    std::uint64_t stored_bytes = 0;
    std::uint64_t derivatives_failed = 0;
    std::vector<MediaId> tried;             // of each asset with an outcome
    std::vector<ReportedFailure> failures;  // the first of them, as many as a report names
    std::vector<std::string> notes;         // likewise

    void add(Totals&& group);
  };
  Totals& totals() { return totals_; }

 private:
  void write(std::deque<WriterMessage>& messages);
  void commit_blobs(const std::deque<WriterMessage>& messages);
  void apply(IndexGroup& group, ListedBatch& batch);
  void apply(IndexGroup& group, ListedUpdate& update);
  void apply(IndexGroup& group, Arrived& arrived);
  void apply(IndexGroup& group, NotFetched& failure);
  void apply(IndexGroup& group, StillSame& same);
  void apply(IndexGroup& group, Derived& derived);
  void apply(IndexGroup& group, Barrier& barrier);
  void put_new_blob(IndexGroup& group, const NewBlob& blob);
  void record_attempt(AssetRecord& record, std::string outcome, std::string detail,
                      std::uint32_t tries) const;
  std::filesystem::path sample_path(const AssetKey& key) const;
  void check_space() const;

  Options options_;
  Index& index_;
  BlobStore& blobs_;
  const Clock& clock_;
  std::function<void()> wake_;
  Inbox<WriterMessage> inbox_;
  Feedback feedback_;
  Feedback::News news_;  // of the group at hand
  Totals group_;         // likewise
  Totals totals_;
};

// Where `show` finds the first bytes of a body that was refused.
std::filesystem::path rejected_sample_path(const std::filesystem::path& folder, const AssetKey& key);

}  // namespace medimirror
