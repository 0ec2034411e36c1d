#include "history/undo.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "history/history.h"
#include "store/grouped_writes.h"
#include "store/setting_names.h"

namespace medimirror {

namespace {

constexpr std::size_t kMissingNamed = 100;

// "<run> <since> <partial> <finished>"; empty: no tree is held.
std::string encode(const HeldTree& held) {
  return fmt::format("{} {} {:d} {:d}", held.run, held.since, held.partial, held.finished);
}

std::optional<HeldTree> decode_held(std::string_view text) {
  std::int64_t numbers[4];
  for (std::int64_t& number : numbers) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
  return HeldTree{static_cast<RunNumber>(numbers[0]), numbers[1], numbers[2] != 0, numbers[3] != 0};
}

KeptList list_to_restore(const std::filesystem::path& store, const IndexReader& index,
                         std::optional<RunNumber> run) {
  const std::vector<KeptList> trees = kept_lists(store, KeptKind::tree);
  if (!run) {
    if (trees.size() < 2)
      throw Error(ErrorKind::usage,
                  "there is no tree of an earlier run to go back to: `medimirror history` shows what is kept",
                  "undo");
    return trees[trees.size() - 2];
  }
  return named_tree(store, index, *run);
}

// The kept tree as it can be made of the blobs there are.
class Restorable {
 public:
  Restorable(const UndoOptions& options, RunNumber run, const IndexView& view, const BlobStore& blobs,
             UndoResult& result)
      : view_(view),
        blobs_(blobs),
        partial_(options.partial),
        result_(result),
        tree_(options.store_folder, run) {}

  bool next(AssetKey& key, PublishedRecord& record) {
    while (tree_.next()) {
      key = tree_.key();
      record = tree_.record();
      const std::optional<PublishedRecord> now = view_.published(key);
      if (now == record) return true;
      const std::optional<BlobRecord> blob = view_.blob(record.digest);
      if (blob && blobs_.has(record.digest)) {
        // a blob that was away and came back may have another time than it had
        record.bytes = blob->bytes;
        record.mtime = blob->mtime;
        return true;
      }
      ++result_.missing_count;
      if (result_.missing.size() < kMissingNamed) result_.missing.push_back(record.path);
      if (partial_ && now) {
        record = *now;
        return true;
      }
    }
    return false;
  }

 private:
  const IndexView& view_;
  const BlobStore& blobs_;
  const bool partial_;
  UndoResult& result_;
  KeptTree tree_;
};

PublishPlan plan_restore(const UndoOptions& options, RunNumber run, const IndexView& view,
                         const BlobStore& blobs, UndoResult& result) {
  Restorable tree(options, run, view, blobs, result);
  return plan_tree(options.publish, view,
                   [&](AssetKey& key, PublishedRecord& record) { return tree.next(key, record); });
}

void put_held(IndexGroup& group, const HeldTree& held) {
  group.put_setting(kHeldTreeSetting, encode(held));
}

// Every file that is about to leave what the index wants, so that a publish after the release looks at it.
void mark_changes(const PublishPlan& plan, Index& index) {
  GroupedWrites writes(index);
  plan.each_change([&](const PublishChange& change) { writes.next().mark_unpublished(change.key); });
  writes.commit();
}

void restore(const UndoOptions& options, HeldTree held, const PublishPlan& plan, Index& index,
             LocalBlobStore& blobs, UndoResult& result) {
  {
    IndexGroup group = index.group();
    put_held(group, held);
    group.commit();
  }
  mark_changes(plan, index);
  result.published = execute_publish(options.publish, plan, index, blobs);
  held.finished = true;
  IndexGroup group = index.group();
  put_held(group, held);
  group.commit();
  result.done = true;
}

}  // namespace

std::optional<HeldTree> held_tree(const IndexReader& index) {
  const std::optional<std::string> text = index.setting(kHeldTreeSetting);
  return text ? decode_held(*text) : std::nullopt;
}

UndoResult undo(const UndoOptions& options, std::optional<RunNumber> run, Index& index, LocalBlobStore& blobs,
                UnixSeconds now) {
  const std::optional<HeldTree> held = held_tree(index.view());
  if (held && !run)
    throw Error(
        ErrorKind::usage,
        fmt::format("media/ is held at the tree of run {} already: name the run to go back further, or "
                    "`medimirror undo --release` to follow the catalogue again",
                    held->run),
        "undo");
  const KeptList list = list_to_restore(options.store_folder, index.view(), run);
  UndoResult result;
  result.run = list.run;
  result.at = list.at;
  const PublishPlan plan = plan_restore(options, list.run, index.view(), blobs, result);
  result.published.added = plan.added;
  result.published.replaced = plan.replaced;
  result.published.removed = plan.removed;
  result.published.files = plan.published_before + plan.added - plan.removed;
  if (options.dry_run || (result.missing_count > 0 && !options.partial)) return result;
  restore(options, {list.run, now, options.partial, false}, plan, index, blobs, result);
  return result;
}

std::optional<HeldTree> keep_tree_held(const UndoOptions& options, Index& index, LocalBlobStore& blobs) {
  std::optional<HeldTree> held = held_tree(index.view());
  if (!held || held->finished) return held;
  UndoOptions again = options;
  again.partial = true;  // what is possible: the decision was made when it was asked for
  UndoResult result;
  const PublishPlan plan = plan_restore(again, held->run, index.view(), blobs, result);
  restore(again, *held, plan, index, blobs, result);
  held->finished = true;
  return held;
}

bool release_tree(const std::filesystem::path& store_folder, Index& index, UnixSeconds now) {
  if (!held_tree(index.view())) return false;
  const bool unkept = open_history(index);  // killed before it is kept: the next sync keeps it
  IndexGroup group = index.group();
  group.put_setting(kHeldTreeSetting, "");
  group.commit();
  const IndexView view = index.view();
  RunNumber run = view.last_run().value_or(std::pair{RunNumber{1}, RunRecord{}}).first;
  for (const KeptList& list : kept_lists(store_folder, KeptKind::catalogue)) run = std::max(run, list.run);
  keep_catalogue(store_folder, run, now, view);
  if (!unkept) close_history(index);
  return true;
}

}  // namespace medimirror
