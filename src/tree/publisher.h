// Role: makes media/ equal to what the index says is to be published: add, replace, then remove, the manifest
// last.
// Place: sync calls it once, after the last commit; undo and rebuild call it too. Takes the assets whose
// publication may have to change (index table `unpublished`), so the work is proportional to the change and
// not to the tree; manifest.jsonl and SHA256SUMS are rewritten as a whole, and only when something changed.
// Threads: the caller's.
// Failure: throws Error{disk}, and Error{index} where a record names bytes of which there is no record.
// Killed at any moment: the tree holds whole files only, and the next publish goes on from the same list and
// from the dead one's journal. Two assets that ask for one path: the lower key gets it, the other is reported
// as a clash. A file of the user's own in media/ is never touched unless it stands where a picture must go. A
// folder there, or a file where a folder must go, is reported and left; the picture waits until it is gone.
// Limits: removals are the caller's decision: the plan says how many, before anything is done. Memory does
// grows by 24 bytes for each renewal, not with the plan, which lies in the journal (journal.h), nor with the tree, whose manifest is merged
// line by line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/image.h"
#include "store/index.h"
#include "store/place.h"
#include "tree/layout.h"

namespace medimirror {

struct PublishOptions {
  std::filesystem::path media_folder;
  // reports/changes.txt: fit for `rsync --files-from`, rewritten by each publish that changed something, and
  // emptied by one that did not. The journal and temporary files lie beside it.
  std::filesystem::path changes_file;
  PathTemplate path;
  std::vector<Recipe> recipes;    // derivatives published beside the assets, under their names as {format}
  std::string derivative_source;  // the format whose picture derivatives are made of: the first one selected
  bool remove = true;             // else what should leave the tree stays for now, and stays in the list
  bool anew = false;              // also what the index says is in place already: media/ was lost
  std::set<AssetKey> lost = {};   // likewise, of these alone
  std::set<MediaId> held = {};    // their files stay as they are, and are looked at again in the next publish
  bool durable = true;
};

struct PublishChange {
  enum class Kind { add, replace, remove } kind{};
  AssetKey key;          // the format is a recipe's name for a derivative
  PublishedRecord now;   // of add and replace
  std::string old_path;  // of replace (when the path moved) and remove
};

class Journal;
class ViewClaims;

// Not executed, it leaves nothing behind.
class PublishPlan {
 public:
  PublishPlan();
  ~PublishPlan();
  PublishPlan(PublishPlan&&) noexcept;
  PublishPlan& operator=(PublishPlan&&) noexcept;

  bool changes_something() const { return added + replaced + removed + dropped > 0; }
  void each_change(const std::function<void(const PublishChange&)>& callback) const;  // by media id

  std::uint64_t added = 0, replaced = 0, removed = 0, published_before = 0;
  // Of the removed ones: whose path another file has from now on, and files of views that go with their picture, which
  // is retired. Nobody misses the former; retiring had its own limit.
  std::uint64_t handed_over = 0, went_along = 0;
  // Published pictures that other bytes take the place of; derivatives and views follow theirs.
  struct Renewal {
    std::uint64_t before = 0, now = 0;  // the first bytes of their digests
    MediaId media = 0;
  };
  std::vector<Renewal> renewals;
  std::uint64_t settled = 0;  // keys of `unpublished` that need nothing
  std::uint64_t dropped = 0;  // stray paths of a publish that was killed
  std::uint64_t clash_count = 0;
  std::vector<std::string> clashes;  // sentences, the first 100

  bool resumes = false;              // a publish before was killed; all it may have touched is done again
  std::unique_ptr<Journal> journal;  // for execute_publish
};

struct PublishResult {
  std::uint64_t added = 0, replaced = 0, removed = 0, linked = 0, cloned = 0, copied = 0;
  std::uint64_t files = 0;           // in the tree now
  std::vector<std::string> clashes;  // those of the plan, and what stood in the way; sentences, the first 100
};

// `views`: what the views shall hold now. Without it their files stay as they are.
PublishPlan plan_publish(const PublishOptions& options, const IndexView& view, ViewClaims* views = nullptr);

// The same for a tree that is given record by record, in the order of keys, instead of what the index wants: undo. The
// table `unpublished` is left alone: what differs from the index should stand in it, so that a later publish finds it.
using TreeSource = std::function<bool(AssetKey&, PublishedRecord&)>;  // false: the end
PublishPlan plan_tree(const PublishOptions& options, const IndexView& view, const TreeSource& tree);

// `plan` was made of what the index holds now, and is executed once.
PublishResult execute_publish(const PublishOptions& options, const PublishPlan& plan, Index& index,
                              BlobPlacer& blobs);

}  // namespace medimirror
