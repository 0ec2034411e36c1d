#include "upkeep/gc.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <variant>

#include "base/error.h"
#include "base/log.h"
#include "base/units.h"
#include "fetch/adopted_names.h"
#include "history/history.h"
#include "store/index.h"
#include "store/local_blob_store.h"
#include "store/sound_index.h"
#include "store/trusted_time.h"
#include "tree/journal.h"
#include "upkeep/gc_marks.h"
#include "upkeep/gc_quarantine.h"
#include "upkeep/verify_files.h"

namespace medimirror {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kGroupChanges = 4096;

// What leaves the index: an asset, a derivative, or the record of a blob, whose file goes after it.
using Removal = std::variant<AssetKey, DerivativeKey, Digest>;

class Collection {
 public:
  Collection(const GcOptions& options, const Clock& clock, const StopFlag& stop, Index& index,
             BlobStore& blobs)
      : options_(options),
        now_(trusted_now(index.view(), clock.unix_now())),
        stop_(stop),
        index_(index),
        blobs_(blobs) {
    for (const Recipe& recipe : options.recipes) recipes_.insert(recipe.key());
    if (now_ < clock.unix_now())
      log_warning(
          "the newest complete listing is more than two days old, or the clock is ahead: grace periods count "
          "up to {} only",
          format_utc(now_));
  }

  GcReport run(const std::function<void(const GcReport&)>& priced) {
    obey_stop();
    mark();
    obey_stop();
    price();
    obey_stop();
    priced(report_);
    if (!options_.dry_run) sweep();
    return report_;
  }

 private:
  void obey_stop() const {
    if (stop_.requested()) throw Error(ErrorKind::interrupted, "stopped; nothing was changed", "gc");
  }
  UnixSeconds kept_since() const { return now_ - options_.keep.count(); }

  // ---- mark

  void mark() {
    const IndexView view = index_.view();
    mark_assets(view);
    view.each_published([&](const AssetKey&, const PublishedRecord& record) {
      marks_.add(record.digest);
      return true;
    });
    each_kept_digest(options_.store_folder, kept_since(), [&](const Digest& digest) { marks_.add(digest); });
    if (adopted_counts(view))
      each_adopted_digest(options_.store_folder, [&](const Digest& digest) { marks_.add(digest); });
    for (UnfinishedJournal journal(journal_file(options_.changes_file)); journal.entry(); journal.advance())
      if (!journal.entry()->now.path.empty()) marks_.add(journal.entry()->now.digest);
    marks_.seal();
    mark_derivatives(view);
  }

  void mark_assets(const IndexView& view) {
    view.each_asset([&](const AssetKey& key, const AssetRecord& record) {
      // One that is still published waits for the publish that takes it out of the tree.
      if (record.state == AssetState::retired && record.retired_at <= kept_since() && !view.published(key)) {
        removals_.push_back(key);
        ++report_.assets;
      } else if (record.digest) {
        marks_.add(*record.digest);
      }
      return true;
    });
  }

  // What was adopted counts until a complete sync had the chance to match it, and for the grace period at least.
  bool adopted_counts(const IndexView& view) const {
    const auto list = look_at_file(adopted_names_file(options_.store_folder));
    if (!list) return false;
    bool looked_at = false;
    view.each_run([&](RunNumber, const RunRecord& run) {
      looked_at = looked_at || (run.listing_complete && run.started > list->st_mtime);
      return true;
    });
    return !looked_at || list->st_mtime > kept_since();
  }

  // A derivative counts while its source does; of two recipes' keys the one that is not configured goes.
  void mark_derivatives(const IndexView& view) {
    Marks derived;
    view.each_derivative([&](const DerivativeKey& key, const Digest& digest) {
      if (recipes_.contains(key.recipe) && marks_.contains(key.source)) {
        derived.add(digest);
      } else {
        removals_.push_back(key);
        ++report_.derivatives;
      }
      return true;
    });
    derived.seal();
    derived_ = std::move(derived);
  }

  bool counts(const Digest& digest) const { return marks_.contains(digest) || derived_.contains(digest); }

  // ---- price

  void price() {
    const IndexView view = index_.view();
    std::vector<Digest> recorded;
    view.each_blob([&](const Digest& digest, const BlobRecord&) {
      if (counts(digest)) {
        ++report_.kept_blobs;
        return true;
      }
      removals_.push_back(digest);
      recorded.push_back(digest);  // ascending, as the walk is
      ++report_.records;
      return true;
    });
    for (unsigned fan = 0; fan < 256; ++fan)
      for (const BlobFile& file : list_blob_files(options_.store_folder, fan, [](const std::string&) {})) {
        if (counts(file.digest)) continue;
        ++report_.blobs.files;
        report_.blobs.bytes += file.bytes;
        if (!std::ranges::binary_search(recorded, file.digest)) unrecorded_.push_back(file.digest);
      }
    quarantined_ = find_old_quarantined(options_.store_folder, kept_since(), [&](const Digest& digest) {
      return counts(digest) || view.blob(digest).has_value();
    });
    report_.quarantined = {quarantined_.old.size(), quarantined_.bytes};
    report_.last_copies = quarantined_.last_copies;
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(options_.store_folder / "tmp", ignored)) {
      const auto info = look_at_file(entry.path());
      if (!info || !S_ISREG(info->st_mode)) continue;
      ++report_.staged.files;
      report_.staged.bytes += static_cast<std::uint64_t>(info->st_size);
    }
  }

  // ---- sweep

  void sweep() {
    // First what the index does not know: it makes room for what follows.
    blobs_.sweep();
    for (const Digest& digest : unrecorded_) blobs_.remove(digest);
    remove_quarantined(options_.store_folder, quarantined_);
    std::size_t size = kGroupChanges;
    for (std::size_t done = 0; done < removals_.size();) {
      if (stop_.requested()) {
        report_.interrupted = true;
        return;
      }
      const std::size_t count = std::min(size, removals_.size() - done);
      const std::span<const Removal> some = std::span(removals_).subspan(done, count);
      if (!change_index(some, size)) continue;
      for (const Removal& removal : some)
        if (const auto* digest = std::get_if<Digest>(&removal)) blobs_.remove(*digest);
      done += count;
    }
    report_.history_bytes = forget_history(options_.store_folder, kept_since());
  }

  // False: there was no room for it; the group is smaller now, or files were removed.
  bool change_index(std::span<const Removal> some, std::size_t& size) {
    try {
      IndexGroup group = index_.group();
      std::uint64_t media = 0;
      for (const Removal& removal : some) media += apply(group, removal) ? 1 : 0;
      group.commit();
      report_.media += media;
      return true;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::disk) throw;
      if (size > 1) {
        size = std::max<std::size_t>(1, size / 16);
        log_info("the index has no room for the changes; trying with {} at a time", size);
        return false;
      }
      if (files_went_first_) throw;
      files_went_first_ = true;
      log_info("the disk is too full even for the index; removing files first");
      for (const Removal& removal : removals_)
        if (const auto* digest = std::get_if<Digest>(&removal)) blobs_.remove(*digest);
      size = kGroupChanges;
      return false;
    }
  }

  // True: with the asset went what is known of its medium.
  static bool apply(IndexGroup& group, const Removal& removal) {
    if (const auto* derivative = std::get_if<DerivativeKey>(&removal)) group.remove_derivative(*derivative);
    if (const auto* digest = std::get_if<Digest>(&removal)) group.remove_blob(*digest);
    const auto* asset = std::get_if<AssetKey>(&removal);
    if (asset == nullptr) return false;
    group.remove_asset(*asset);
    if (!group.assets_of(asset->media).empty() || group.mark(asset->media)) return false;
    group.remove_media(asset->media);
    return true;
  }

  const GcOptions& options_;
  const UnixSeconds now_;
  const StopFlag& stop_;
  Index& index_;
  BlobStore& blobs_;
  std::set<std::uint64_t> recipes_;
  Marks marks_, derived_;
  std::vector<Removal> removals_;   // assets, derivatives, records, in this order
  std::vector<Digest> unrecorded_;  // files that nothing names, and of which there is no record
  QuarantinedFiles quarantined_;
  bool files_went_first_ = false;
  GcReport report_;
};

}  // namespace

GcReport collect_garbage(const GcOptions& options, const Clock& clock, const StopFlag& stop,
                         const std::function<void(const GcReport&)>& priced) {
  // Without an index, or with a damaged one, every blob would look like garbage.
  const LockedStore store(options.store_folder, "gc", IndexCheck::every_page);
  const std::unique_ptr<BlobStore> blobs = make_local_blob_store({options.store_folder, options.durable});
  return Collection(options, clock, stop, *store.index, *blobs).run(priced);
}

}  // namespace medimirror
