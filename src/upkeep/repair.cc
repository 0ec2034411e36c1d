#include "upkeep/repair.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "history/undo.h"
#include "store/local_blob_store.h"
#include "store/setting_names.h"
#include "store/sound_index.h"
#include "tree/tree_folder.h"
#include "upkeep/repair_plan.h"
#include "upkeep/repair_quarantine.h"
#include "upkeep/verify_files.h"
#include "upkeep/verify_lists.h"

namespace medimirror {

namespace fs = std::filesystem;

namespace {

// In the place of the fingerprints that sync writes when all derivatives are made and all paths are right: the next one looks again.
constexpr std::string_view kLookAgain = "repaired";

class Repair {
 public:
  Repair(const RepairOptions& options, Index& index, LocalBlobStore& blobs, RepairPlan plan,
         RepairReport& report, const std::function<void(const RepairAction&)>& told)
      : options_(options),
        index_(index),
        blobs_(blobs),
        plan_(std::move(plan)),
        report_(report),
        told_(told),
        held_(held_tree(index.view()).has_value()),
        quarantine_(options.verify.store_folder) {}

  void run() {
    refuse_mass_loss();
    // In this order: a kill between any two steps leaves what the next verify finds, and the next repair goes on with.
    set_modes();
    set_times();
    set_aside_files();
    set_aside_blobs();
    restore_blobs();
    forget();
    relink();
    publish();
  }

 private:
  bool act(RepairStep step, std::string subject, std::string detail) {
    told_({step, std::move(subject), std::move(detail)});
    ++report_.counts[step];
    return !options_.dry_run;
  }

  fs::path path_of(const Digest& digest) const { return blob_path(options_.verify.store_folder, digest); }

  void refuse_mass_loss() const {
    const std::uint64_t published = index_.view().published_count();
    if (options_.dry_run || plan_.leaving.size() <= options_.max_loss.of(published)) return;
    throw Error(
        ErrorKind::safety_limit,
        fmt::format(
            "the bytes of {} of the {} published files are gone, and at most {} may leave the tree: is the "
            "file system of the store mounted, and whole? Nothing was changed; if this is right, run "
            "repair once with --max-loss {}",
            plan_.leaving.size(), published, options_.max_loss.text(), plan_.leaving.size()),
        "repair the store");
  }

  void set_modes() {
    for (const Digest& digest : plan_.wrong_modes) {
      if (plan_.bad.contains(digest)) continue;  // it goes to quarantine as it is
      if (!act(RepairStep::set_mode, digest.hex(), "read-only for all again")) continue;
      if (::chmod(path_of(digest).c_str(), kBlobFileMode) != 0 && errno != ENOENT)
        throw_errno(errno, fmt::format("set the mode of {}", path_of(digest).native()));
    }
  }

  void set_times() {
    const IndexView view = index_.view();
    for (const Digest& digest : plan_.wrong_times) {
      const std::optional<BlobRecord> record = view.blob(digest);
      if (plan_.bad.contains(digest) || !record) continue;
      if (!act(RepairStep::set_time, digest.hex(), format_utc(record->mtime))) continue;
      const timespec times[2] = {{record->mtime, 0}, {record->mtime, 0}};
      if (::utimensat(AT_FDCWD, path_of(digest).c_str(), times, AT_SYMLINK_NOFOLLOW) != 0 && errno != ENOENT)
        throw_errno(errno, fmt::format("set the time of {}", path_of(digest).native()));
    }
  }

  void set_aside_files() {
    for (const fs::path& path : plan_.leftovers)
      if (act(RepairStep::remove_leftover, path.native(), "a killed run left it")) ::unlink(path.c_str());
    for (const fs::path& path : plan_.foreign)
      if (act(RepairStep::quarantine, path.native(), "nothing of medimirror's"))
        quarantine_.take(path, quarantine_name(path));
    if (!options_.dry_run) quarantine_.sync();
  }

  std::string quarantine_name(const fs::path& path) const {
    const fs::path in_media = path.lexically_relative(options_.verify.media_folder);
    if (!in_media.empty() && *in_media.begin() != "..") return "media/" + in_media.native();
    return path.lexically_relative(options_.verify.store_folder).native();
  }

  void set_aside_blobs() {
    for (const auto& [digest, bad] : plan_.bad)
      if (bad.has_file && act(RepairStep::quarantine, digest.hex(), bad.why))
        moved_[digest] = quarantine_.take(path_of(digest), digest.hex());
    if (!options_.dry_run) quarantine_.sync();
  }

  void restore_blobs() {
    for (const auto& [digest, bad] : plan_.bad) {
      if (bad.lost()) continue;
      const std::string from =
          bad.good_copy ? bad.good_copy->native() : fmt::format("the file of {}", bad.good_blob->hex());
      if (act(RepairStep::restore, digest.hex(), fmt::format("from {}", from)))
        restore(digest, bad.good_copy ? *bad.good_copy : moved_.at(*bad.good_blob));
    }
  }

  void restore(const Digest& digest, const fs::path& from) {
    const std::string bytes = read_file(from);
    if (sha256(bytes) != digest)
      throw Error(ErrorKind::disk,
                  fmt::format("{} changed while the store was repaired; run repair again", from.native()),
                  "restore a picture");
    const auto record = index_.view().blob(digest);
    const StagedBlob staged = blobs_.stage(digest, bytes, record ? record->mtime : 0);
    blobs_.commit({&staged, 1});
  }

  // One group: the index tells the old story or the new one.
  void forget() {
    std::optional<IndexGroup> group;
    if (!options_.dry_run) group.emplace(index_.group());
    for (const auto& [key, wanted] : plan_.forgotten) {
      if (wanted) ++report_.wanted;
      if (!act(RepairStep::forget, fmt::format("media {} {}", key.media, key.format),
               wanted ? "the next sync fetches it again" : "it is retired; nothing is fetched"))
        continue;
      forget(*group, key);
    }
    for (const DerivativeKey& key : plan_.derivatives)
      if (act(RepairStep::drop_derivative, key.source.hex(), "it is made again"))
        group->remove_derivative(key);
    drop_records(group);
    report_.derivatives = plan_.derivatives_missing;
    if (!group) return;
    for (const AssetKey& key : plan_.republish) group->mark_unpublished(key);
    for (const auto& [key, record] : plan_.leaving) {
      group->mark_unpublished(key);
      if (held_) group->remove_published(key);
    }
    if (plan_.derivatives_missing) {
      group->put_setting(kRecipesSetting, kLookAgain);
      group->put_setting(kLayoutSetting, kLookAgain);
    }
    group->commit();
  }

  static void forget(IndexGroup& group, const AssetKey& key) {
    std::optional<AssetRecord> record = group.asset(key);
    if (!record) return;
    record->forget_bytes();
    group.put_asset(key, *record);
    group.mark_unpublished(key);
  }

  void drop_records(std::optional<IndexGroup>& group) {
    for (const auto& [digest, bad] : plan_.bad)
      if (bad.lost() && act(RepairStep::drop_record, digest.hex(), "its file is not there any more"))
        group->remove_blob(digest);
    for (const Digest& digest : plan_.unused_records)
      if (act(RepairStep::drop_record, digest.hex(), "nothing needs it")) group->remove_blob(digest);
  }

  void relink() {
    std::optional<TreeFolder> tree;
    if (!options_.dry_run) tree.emplace(options_.verify.media_folder, options_.publish.durable, false);
    for (const auto& [path, digest] : plan_.relinks) {
      if (!act(RepairStep::relink, path, fmt::format("to {}", digest.hex()))) continue;
      keep_foreign_bytes(path, digest);
      if (!tree->place(blobs_, digest, path))
        throw Error(ErrorKind::disk,
                    fmt::format("something stands in the way of {} in {}: move it away and run repair again",
                                path, options_.verify.media_folder.native()),
                    "put a published file back");
    }
    // A published file whose picture is lost is about to leave the tree; its bytes may be somebody's work.
    if (!tree) return;
    for (const auto& [key, record] : plan_.leaving) {
      keep_leaving(record);
      if (held_) tree->remove(record.path);
    }
    tree->prune();
    quarantine_.sync();
    tree->sync();
  }

  void keep_foreign_bytes(const std::string& path, const Digest& digest) {
    const fs::path full = options_.verify.media_folder / path;
    const auto there = look_at_file(full);
    if (!there) return;
    if (!S_ISREG(there->st_mode)) {
      quarantine_.take(full, "media/" + path);
      return;
    }
    if (is_quarantined(*there, digest) || reader_.read(full).digest == digest) return;
    quarantine_.keep_copy(full, "media/" + path);
  }

  void keep_leaving(const PublishedRecord& record) {
    const fs::path full = options_.verify.media_folder / record.path;
    const auto there = look_at_file(full);
    if (there && S_ISREG(there->st_mode) && !is_quarantined(*there, record.digest))
      quarantine_.keep_copy(full, "media/" + record.path);
  }

  bool is_quarantined(const struct stat& file, const Digest& digest) const {
    const auto moved = moved_.find(digest);
    if (moved == moved_.end() || moved->second.empty()) return false;
    const auto there = look_at_file(moved->second);
    return there && there->st_dev == file.st_dev && there->st_ino == file.st_ino;
  }

  void publish() {
    if (plan_.lists) act(RepairStep::rewrite_lists, std::string(kManifestName), "made anew, and SHA256SUMS");
    if (options_.dry_run) return;
    // What undo holds differs from the catalogue on purpose: there only the lost files go, which forget() and relink() saw to.
    if (!held_)
      execute_publish(options_.publish, plan_publish(options_.publish, index_.view()), index_, blobs_);
    if (plan_.lists || (held_ && !plan_.leaving.empty())) rewrite_lists(options_.verify, index_.view());
  }

  const RepairOptions& options_;
  Index& index_;
  LocalBlobStore& blobs_;
  const RepairPlan plan_;
  RepairReport& report_;
  const std::function<void(const RepairAction&)>& told_;
  const bool held_;  // undo holds the tree at an earlier run's
  Quarantine quarantine_;
  FileReader reader_;
  std::map<Digest, fs::path> moved_;  // bad blobs, where they are now
};

}  // namespace

std::string_view name_of(RepairStep step) {
  switch (step) {
    case RepairStep::quarantine:
      return "quarantine";
    case RepairStep::set_mode:
      return "set_mode";
    case RepairStep::set_time:
      return "set_time";
    case RepairStep::restore:
      return "restore";
    case RepairStep::forget:
      return "forget";
    case RepairStep::drop_derivative:
      return "drop_derivative";
    case RepairStep::drop_record:
      return "drop_record";
    case RepairStep::relink:
      return "relink";
    case RepairStep::remove_leftover:
      return "remove_leftover";
    case RepairStep::rewrite_lists:
      return "rewrite_lists";
  }
  return "unknown";
}

std::uint64_t RepairReport::actions() const {
  std::uint64_t sum = 0;
  for (const auto& [step, count] : counts) sum += count;
  return sum;
}

RepairReport repair(const RepairOptions& options, const Clock& clock, const StopFlag& stop,
                    const std::function<void(const RepairAction&)>& told) {
  RepairReport report;
  const LockedStore store(options.verify.store_folder, "repair", IndexCheck::every_page);
  RepairPlanner planner(options, *store.index);
  report.found = verify_locked(options.verify, *store.index, clock, stop,
                               [&](const Finding& finding) { planner.note(finding); });
  report.interrupted = report.found.interrupted;
  if (report.interrupted) return report;

  const std::unique_ptr<LocalBlobStore> blobs =
      make_local_blob_store({options.verify.store_folder, options.publish.durable});
  if (!options.dry_run) blobs->sweep();
  Repair(options, *store.index, *blobs, planner.finish(), report, told).run();
  return report;
}

}  // namespace medimirror
