#include "tree/publisher.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/parallel.h"
#include "store/grouped_writes.h"
#include "tree/journal.h"
#include "tree/lines.h"
#include "tree/manifest.h"
#include "tree/manifest_merge.h"
#include "tree/tree_folder.h"
#include "tree/tree_watch.h"

namespace medimirror {

namespace fs = std::filesystem;

namespace {

using Kind = JournalEntry::Kind;

constexpr std::size_t kClashesMax = 100;
// A link is a system call that mostly computes; two threads in different folders do not wait for each other, and a third
// has their next files ready meanwhile.
constexpr std::size_t kPlacedTogether = 16'384;
constexpr std::size_t kPlacedByOneThread = 512;
constexpr std::size_t kPlaceThreads = 2;
constexpr std::string_view kNothingChanged = "# nothing changed\n";

bool places(const JournalEntry& entry) {
  return entry.kind == Kind::add || entry.kind == Kind::replace;
}

std::string line_of(const AssetKey& key, const PublishedRecord& record) {
  std::string line =
      manifest_line({record.path, record.digest, record.bytes, record.mtime, key.media, key.format});
  line.pop_back();  // a LineSorter wants it bare
  return line;
}

// What an AtomicFile of a killed publish left: names of another process, so nobody else would.
void sweep_temporaries(const fs::path& folder, std::string_view name) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const std::string found = entry.path().filename();
    if (found.starts_with(fmt::format(".{}.", name)) && found.ends_with(".tmp"))
      fs::remove(entry.path(), ignored);
  }
}

class Publisher {
 public:
  Publisher(const PublishOptions& options, const PublishPlan& plan, Index& index, BlobPlacer& blobs)
      : options_(options),
        plan_(plan),
        index_(index),
        blobs_(blobs),
        tree_(options.media_folder, options.durable, plan.resumes),
        untouched_(tree_),
        changes_(options.changes_file.parent_path()) {
    make_folders(options.changes_file.parent_path());
    result_.clashes = plan.clashes;
    result_.added = plan.added;
    result_.replaced = plan.replaced;
    result_.removed = plan.removed;
    result_.files = plan.published_before + plan.added - plan.removed;
  }

  PublishResult publish() {
    if (plan_.changes_something())
      change_tree();
    else
      change_nothing();
    return std::move(result_);
  }

 private:
  void change_nothing() {
    if (!fs::exists(options_.media_folder / kManifestName) ||
        !fs::exists(options_.media_folder / kSumsName)) {
      sweep_lists();
      rebuild_lists();
      note_folder_times(options_.media_folder, index_, {folder_of(std::string(kManifestName))});
    }
    sweep_temporaries(options_.changes_file.parent_path(), options_.changes_file.filename().native());
    if (read_file_if_exists(options_.changes_file) != kNothingChanged)
      replace_file(options_.changes_file, kNothingChanged);
    if (plan_.settled > 0) tell_index();
  }

  // A kill between any two of these steps leaves the journal, and the next plan redoes all of it.
  void change_tree() {
    sweep_temporaries(options_.changes_file.parent_path(), options_.changes_file.filename().native());
    if (plan_.resumes) sweep_lists();
    plan_.journal->seal();
    place_files();
    tree_.sync();
    remove_files();
    place_deferred();
    tree_.sync();
    merge_lists();
    write_changes();
    tell_index();
    note_folders();
    plan_.journal->remove();
  }

  void note_folders() {
    std::set<std::string> folders{folder_of(std::string(kManifestName))};
    plan_.journal->each([&](const JournalEntry& entry) {
      if (!entry.now.path.empty()) folders.insert(folder_of(entry.now.path));
      if (!entry.old_path.empty()) folders.insert(folder_of(entry.old_path));
    });
    note_folder_times(options_.media_folder, index_, folders);
  }

  // Only where there may be some: with a flat path template a million names lie in this folder.
  void sweep_lists() const {
    sweep_temporaries(options_.media_folder, kManifestName);
    sweep_temporaries(options_.media_folder, kSumsName);
  }

  struct ToPlace {
    std::uint64_t ordinal;  // in the journal
    JournalEntry entry;
    std::optional<Placement> placement;
  };

  void place_files() {
    std::uint64_t ordinal = 0;
    std::vector<ToPlace> next;
    plan_.journal->each([&](const JournalEntry& entry) {
      if (!entry.old_path.empty()) changes_.add(removal_line(entry.old_path));
      if (places(entry)) next.push_back({ordinal, entry, {}});
      ++ordinal;
      if (next.size() == kPlacedTogether) place_in_background(std::exchange(next, {}));
    });
    place_in_background(std::move(next));
    note(placed());
  }

  void place_in_background(std::vector<ToPlace> next) {
    const std::vector<ToPlace> last = placed();
    placing_ = std::move(next);
    start_placing();
    note(last);
  }

  void start_placing() {
    // what a killed publish left is tidied away in passing, also in folders above the thread's own
    if (plan_.resumes || placing_.size() < kPlacedByOneThread) return place_together(1);
    try {
      placer_ = start_thread([this] {
        try {
          place_together(kPlaceThreads);
        } catch (...) {
          placing_failure_ = std::current_exception();
        }
      });
    } catch (const Error&) {  // there is no thread to be had
      place_together(1);
    }
  }

  // Waits for those under way.
  std::vector<ToPlace> placed() {
    if (placer_.joinable()) placer_.join();
    if (placing_failure_) std::rethrow_exception(placing_failure_);
    return std::exchange(placing_, {});
  }

  void note(const std::vector<ToPlace>& placed) {
    for (const ToPlace& one : placed)
      if (!note(one.entry, one.placement)) deferred_.push_back(one.ordinal);
  }

  void place_together(std::size_t threads) {
    std::map<std::string, std::vector<ToPlace*>> by_folder;
    for (ToPlace& one : placing_) by_folder[folder_of(one.entry.now.path)].push_back(&one);
    std::vector<const std::vector<ToPlace*>*> folders;
    for (const auto& [folder, files] : by_folder) folders.push_back(&files);
    for_each_in_parallel(folders.size(), threads, [&](std::size_t i) {
      TreeFolder tree = untouched_;
      for (ToPlace* const one : *folders[i])
        one->placement = tree.place(blobs_, one->entry.now.digest, one->entry.now.path);
      const std::lock_guard lock(tree_mutex_);
      tree_.take_over(tree);
    });
  }

  bool note(const JournalEntry& entry, const std::optional<Placement>& placement) {
    if (!placement) return false;
    if (placement->how == Placement::How::linked) ++result_.linked;
    if (placement->how == Placement::How::cloned) ++result_.cloned;
    if (placement->how == Placement::How::copied) ++result_.copied;
    changes_.add(line_of(entry.key, entry.now));
    return true;
  }

  void remove_files() {
    const auto sorted = changes_.sorted();
    each_removal(*sorted, [&](const std::string& path) { tree_.remove(path); });
    tree_.prune();
  }

  // What stood in the way may have been an old file of our own: the path template has changed.
  void place_deferred() {
    if (deferred_.empty()) return;
    std::uint64_t ordinal = 0;
    auto next = deferred_.begin();
    plan_.journal->each([&](const JournalEntry& entry) {
      if (next == deferred_.end() || *next != ordinal++) return;
      ++next;
      if (!note(entry, tree_.place(blobs_, entry.now.digest, entry.now.path))) give_up(entry);
    });
  }

  void give_up(const JournalEntry& entry) {
    blocked_.insert(entry.key);
    blocked_media_.insert(entry.key.media);
    --(entry.kind == Kind::add ? result_.added : result_.replaced);
    --result_.files;
    if (entry.kind == Kind::replace) {
      ++result_.removed;
      changes_.add(removal_line(entry.now.path));
    }
    if (result_.clashes.size() < kClashesMax)
      result_.clashes.push_back(
          fmt::format("media {} ({}): something that medimirror did not make stands in the way of {}; move "
                      "it out of {} and run "
                      "again",
                      entry.key.media, entry.key.format, entry.now.path, options_.media_folder.native()));
  }

  void merge_lists() {
    const fs::path old = options_.media_folder / kManifestName;
    if (fs::exists(old)) {
      const UniqueFd fd = open_file(old, 0);
      LineReader base(fd.get(), old);
      const auto changes = changes_.sorted();
      if (merge_manifest(options_.media_folder, base, *changes, result_.files)) return;
      log_info("{} does not agree with the index and is made anew", old.native());
    }
    rebuild_lists();
  }

  void rebuild_lists() {
    LineSorter published(options_.changes_file.parent_path());
    index_.view().each_published([&](const AssetKey& key, const PublishedRecord& record) {
      published.add(line_of(key, record));
      return true;
    });
    const auto base = published.sorted();
    const auto changes = changes_.sorted();
    if (!merge_manifest(options_.media_folder, *base, *changes, result_.files))
      throw Error(
          ErrorKind::index,
          "the index names one published path twice, or a path that cannot be; run `medimirror rebuild`",
          "write the manifest");
  }

  void list_changes(AtomicFile& file, std::string_view heading, bool old_paths, Kind kind) {
    bool headed = false;
    plan_.journal->each([&](const JournalEntry& entry) {
      if (!old_paths && (entry.kind != kind || blocked_.contains(entry.key))) return;
      const std::string& path = old_paths ? entry.old_path : entry.now.path;
      if (path.empty()) return;
      if (!std::exchange(headed, true)) file.write(heading);
      file.write(path);
      file.write("\n");
    });
  }

  void write_changes() {
    AtomicFile file(options_.changes_file);
    file.write(fmt::format("# added {}, changed {}, removed {}\n", result_.added, result_.replaced,
                           result_.removed));
    list_changes(file, "# added\n", false, Kind::add);
    list_changes(file, "# changed\n", false, Kind::replace);
    list_changes(file, "# removed\n", true, Kind::remove);
    file.write(fmt::format("# lists\n{}\n{}\n", kManifestName, kSumsName));
    file.commit();
  }

  void tell_index() {
    GroupedWrites writes(index_);
    plan_.journal->each([&](const JournalEntry& entry) { tell_index(entry, writes.next()); });
    writes.commit();
  }

  void tell_index(const JournalEntry& entry, IndexGroup& group) const {
    switch (entry.kind) {
      case Kind::add:
      case Kind::replace:
        if (!blocked_.contains(entry.key)) return group.put_published(entry.key, entry.now);
        return group.remove_published(entry.key);
      case Kind::remove:
        return group.remove_published(entry.key);
      case Kind::clear:
        if (!blocked_media_.contains(entry.key.media)) group.clear_unpublished(entry.key);
        return;
      case Kind::drop:
        return;
    }
  }

  const PublishOptions& options_;
  const PublishPlan& plan_;
  Index& index_;
  BlobPlacer& blobs_;
  std::vector<ToPlace> placing_;
  std::mutex tree_mutex_;
  TreeFolder tree_;
  const TreeFolder untouched_;           // for each thread to begin with
  LineSorter changes_;                   // as manifest lines, see manifest_merge.h
  std::vector<std::uint64_t> deferred_;  // places in the journal
  std::set<AssetKey> blocked_;
  std::set<MediaId> blocked_media_;
  PublishResult result_;
  std::exception_ptr placing_failure_;
  std::jthread placer_;  // the last: it uses all of the above until it ends
};

}  // namespace

PublishResult execute_publish(const PublishOptions& options, const PublishPlan& plan, Index& index,
                              BlobPlacer& blobs) {
  return Publisher(options, plan, index, blobs).publish();
}

}  // namespace medimirror
