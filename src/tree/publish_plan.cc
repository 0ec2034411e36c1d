// The plan: medium by medium, what the index and the views want published against what the index says is published.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "tree/journal.h"
#include "tree/publisher.h"
#include "tree/view_claims.h"

namespace medimirror {

namespace {

constexpr std::size_t kPageKeys = 65'536;
constexpr std::size_t kClashesMax = 100;

// What a path and a published record need of a blob.
struct BlobFacts {
  Digest digest;
  ImageFormat format;
  std::uint64_t bytes;
  UnixSeconds mtime;
};

// The blobs of a page of assets, read in the order of their digests. A digest says nothing about the place of its record:
// asked for medium by medium, each of a million blobs is a page fault, and those took longer than the rest of the plan.
class BlobsAhead {
 public:
  explicit BlobsAhead(const IndexView& view) : view_(view) {}

  void read(const std::vector<AssetKey>& page) {
    std::vector<Digest> digests;
    for (const AssetKey& key : page) {
      const std::optional<AssetRecord> asset = view_.asset(key);
      if (asset && asset->to_publish()) digests.push_back(*asset->digest);
    }
    std::ranges::sort(digests);
    digests.erase(std::ranges::unique(digests).begin(), digests.end());
    read_.clear();
    for (const Digest& digest : digests)
      if (std::optional<BlobFacts> facts = ask(digest)) read_.push_back(*facts);
  }

  std::optional<BlobFacts> find(const Digest& digest) const {
    const auto found = std::ranges::lower_bound(read_, digest, {}, &BlobFacts::digest);
    if (found != read_.end() && found->digest == digest) return *found;
    return ask(digest);
  }

 private:
  std::optional<BlobFacts> ask(const Digest& digest) const {
    const std::optional<BlobRecord> blob = view_.blob(digest);
    if (!blob) return std::nullopt;
    return BlobFacts{digest, blob->info.format, blob->bytes, blob->mtime};
  }

  const IndexView& view_;
  std::vector<BlobFacts> read_;
};

std::uint64_t start_of(const Digest& digest) {
  std::uint64_t start = 0;
  std::memcpy(&start, digest.bytes.data(), sizeof start);
  return start;
}

// Hands out the keys of `unpublished`, medium by medium.
class UnpublishedWalk {
 public:
  UnpublishedWalk(const IndexView& view, BlobsAhead& blobs) : view_(view), blobs_(blobs) { fill(); }

  std::optional<MediaId> medium() const {
    return at_ == page_.size() ? std::nullopt : std::optional(page_[at_].media);
  }

  std::vector<AssetKey> take(MediaId id) {
    std::vector<AssetKey> keys;
    while (medium() == id) {
      keys.push_back(page_[at_]);
      if (++at_ == page_.size()) fill();
    }
    return keys;
  }

 private:
  void fill() {
    const std::optional<AssetKey> after = page_.empty() ? std::nullopt : std::optional(page_.back());
    page_ = view_.unpublished(after, kPageKeys);
    at_ = 0;
    blobs_.read(page_);
  }

  const IndexView& view_;
  BlobsAhead& blobs_;
  std::vector<AssetKey> page_;
  std::size_t at_ = 0;
};

using Records = std::map<std::string, PublishedRecord>;  // by format: the order of keys within a medium

class Planner {
 public:
  Planner(const PublishOptions& options, const IndexView& view, const BlobsAhead& blobs, PublishPlan& plan)
      : options_(options),
        view_(view),
        blobs_(blobs),
        plan_(plan),
        needs_media_(options.path.uses("kind") || options.path.uses("photo_type") ||
                     options.path.uses("locale")) {}

  // What is done for one medium.
  struct Task {
    std::vector<AssetKey> unpublished = {};  // its keys in that table
    std::set<std::string> suspects =
        {};  // paths that a dead publish may have touched: if any, nothing of the
             // medium is believed to be in place
    std::optional<ViewChanges> views = {};  // nothing: its files in views stay as they are
  };

  void plan(MediaId id, Task task) {
    const Records published = published_of(id);
    if (options_.held.contains(id)) return hold(id, published, std::move(task));
    // Nobody asked for its files in the main tree: only the views concern it.
    const bool only_views = task.unpublished.empty() && task.suspects.empty();
    Records wanted = only_views ? Records{} : wanted_of(id);
    for (const auto& [format, record] : published) {
      const bool stays = is_view_format(format) ? !task.views : only_views;
      if (stays) wanted.emplace(format, record);
    }
    if (task.views) {
      wanted.merge(task.views->wanted);
      taken_ = std::move(task.views->taken);
    }
    plan(id, std::move(wanted), published, task);
    taken_.clear();
  }

  // Everything of it stays, but for a path that is another's from now on.
  void hold(MediaId id, const Records& published, Task task) {
    Records wanted = published;
    if (task.views) taken_ = std::move(task.views->taken);
    std::erase_if(wanted, [&](const auto& file) { return taken_.contains(file.second.path); });
    task.unpublished.clear();  // so that they stay in that table
    plan(id, std::move(wanted), published, task);
    taken_.clear();
  }

  // The same where what is wanted is not what the index says.
  void plan_given(MediaId id, Records wanted, std::set<std::string> suspects) {
    plan(id, std::move(wanted), published_of(id), {.suspects = std::move(suspects)});
  }

 private:
  void plan(MediaId id, Records all_wanted, const Records& published, const Task& task) {
    losers_.clear();
    wanted_paths_.clear();
    const Records wanted = without_clashes(id, std::move(all_wanted));
    const std::uint64_t before = plan_.added + plan_.replaced + plan_.removed;

    for (const auto& [format, record] : wanted)
      want(id, format, record, published,
           options_.anew || !task.suspects.empty() || options_.lost.contains({id, format}));
    bool withheld = false;
    for (const auto& [format, record] : published) {
      if (wanted.contains(format)) continue;
      // a record that loses its path to another key cannot stay: the tree would have one file for two records
      if (options_.remove || is_anothers(record.path)) {
        leave(id, format, record);
      } else {
        withheld = true;
      }
    }
    for (const std::string& path : task.suspects) drop(id, path, published);

    const bool changed = plan_.added + plan_.replaced + plan_.removed > before;
    for (const AssetKey& key : task.unpublished) {
      // stays in the table until it gets a path, or until what should leave may leave
      if (losers_.contains(key.format) || withheld) continue;
      plan_.journal->append({.kind = JournalEntry::Kind::clear, .key = key, .now = {}, .old_path = {}});
      if (!changed) ++plan_.settled;
    }
  }

  Records published_of(MediaId id) const {
    Records published;
    for (auto& [format, record] : view_.published_of(id)) published.emplace(format, std::move(record));
    return published;
  }

  // From now on it is wanted by another key than the one that has it.
  bool is_anothers(const std::string& path) const {
    return wanted_paths_.contains(path) || taken_.contains(path);
  }

  bool is_derivative(std::string_view format) const {
    return std::ranges::any_of(options_.recipes, [&](const Recipe& recipe) { return recipe.name == format; });
  }

  bool is_retired(MediaId id) const {
    const auto assets = view_.assets_of(id);
    return std::ranges::none_of(assets, [](const auto& asset) { return asset.second.to_publish(); });
  }

  BlobFacts blob_of(const Digest& digest, MediaId id, std::string_view format) const {
    const std::optional<BlobFacts> blob = blobs_.find(digest);
    if (!blob)
      throw Error(
          ErrorKind::index,
          fmt::format("the index has no record of the bytes of media {} ({}); run `medimirror rebuild`", id,
                      format),
          "plan what to publish");
    return *blob;
  }

  Records wanted_of(MediaId id) {
    Records wanted;
    std::optional<MediaItem> item;
    for (const auto& [format, asset] : view_.assets_of(id)) {
      if (!asset.to_publish()) continue;
      if (needs_media_ && !item) item = view_.media(id).value_or(MediaItem{});
      PathFields fields;
      fields.id = id;
      fields.format = format;
      fields.source_format = asset.source_format;
      if (item) {
        fields.kind = name_of(item->kind);
        fields.photo_type = item->photo_type;
        if (!item->locales.empty()) fields.locale = item->locales.front();
      }
      wanted.emplace(format, record_of(fields, *asset.digest));
      if (format == options_.derivative_source) add_derivatives(fields, *asset.digest, wanted);
    }
    return wanted;
  }

  void add_derivatives(PathFields fields, const Digest& source, Records& wanted) {
    for (const Recipe& recipe : options_.recipes) {
      const auto digest = view_.derivative({source, recipe.key()});
      if (!digest) continue;
      fields.format = recipe.name;
      wanted.emplace(recipe.name, record_of(fields, *digest));
    }
  }

  PublishedRecord record_of(PathFields fields, const Digest& digest) const {
    const BlobFacts blob = blob_of(digest, fields.id, fields.format);
    fields.image_format = blob.format;
    fields.digest = &digest;
    return {options_.path.render(fields), digest, blob.bytes, blob.mtime};
  }

  Records without_clashes(MediaId id, Records wanted) {
    for (auto at = wanted.begin(); at != wanted.end();) {
      const auto [holder, fresh] = wanted_paths_.emplace(at->second.path, at->first);
      if (fresh) {
        ++at;
        continue;
      }
      ++plan_.clash_count;
      if (plan_.clashes.size() < kClashesMax)
        plan_.clashes.push_back(
            fmt::format("media {}: \"{}\" and \"{}\" both ask for the path {}; \"{}\" has it and the other "
                        "is not published; "
                        "put {{format}} into the path template",
                        id, holder->second, at->first, at->second.path, holder->second));
      losers_.insert(at->first);
      at = wanted.erase(at);
    }
    return wanted;
  }

  void want(MediaId id, const std::string& format, const PublishedRecord& record, const Records& published,
            bool distrust) {
    const auto now = published.find(format);
    JournalEntry entry{.kind = JournalEntry::Kind::add, .key = {id, format}, .now = record, .old_path = {}};
    if (now == published.end()) {
      ++plan_.added;
    } else {
      if (now->second == record && !distrust) return;
      ++plan_.replaced;
      if (now->second.digest != record.digest && !is_view_format(format) && !is_derivative(format))
        plan_.renewals.push_back({start_of(now->second.digest), start_of(record.digest), id});
      entry.kind = JournalEntry::Kind::replace;
      if (!is_anothers(now->second.path)) entry.old_path = now->second.path;
    }
    plan_.journal->append(entry);
  }

  void leave(MediaId id, const std::string& format, const PublishedRecord& record) {
    ++plan_.removed;
    JournalEntry entry{.kind = JournalEntry::Kind::remove, .key = {id, format}, .now = {}, .old_path = {}};
    if (!is_anothers(record.path)) {
      entry.old_path = record.path;
    } else {
      entry.now.path = record.path;  // for the next plan, should this one be killed: somebody touched it
      ++plan_.handed_over;
    }
    if (is_view_format(format) && !entry.old_path.empty() && is_retired(id)) ++plan_.went_along;
    plan_.journal->append(entry);
  }

  void drop(MediaId id, const std::string& path, const Records& published) {
    if (is_anothers(path)) return;
    // then it goes as the old path of that record
    if (std::ranges::any_of(published, [&](const auto& held) { return held.second.path == path; })) return;
    ++plan_.dropped;
    plan_.journal->append({.kind = JournalEntry::Kind::drop, .key = {id, {}}, .now = {}, .old_path = path});
  }

  const PublishOptions& options_;
  const IndexView& view_;
  const BlobsAhead& blobs_;
  PublishPlan& plan_;
  const bool needs_media_;
  std::map<std::string, std::string> wanted_paths_;  // of this medium: path, format
  std::set<std::string> taken_;                      // paths of this medium's files that another medium gets
  std::set<std::string> losers_;                     // formats of this medium that got no path
};

// Hands out the records of a given tree, medium by medium.
class GivenTree {
 public:
  explicit GivenTree(const TreeSource& next) : next_(next) { more_ = next_(key_, record_); }

  std::optional<MediaId> medium() const { return more_ ? std::optional(key_.media) : std::nullopt; }

  Records take(MediaId id) {
    Records records;
    for (; medium() == id; more_ = next_(key_, record_)) records.emplace(key_.format, std::move(record_));
    return records;
  }

 private:
  const TreeSource& next_;
  AssetKey key_;
  PublishedRecord record_;
  bool more_ = false;
};

std::set<std::string> take_suspects(UnfinishedJournal& unfinished, MediaId id) {
  std::set<std::string> paths;
  for (; unfinished.entry() && unfinished.entry()->key.media == id; unfinished.advance()) {
    const JournalEntry& entry = *unfinished.entry();
    if (!entry.now.path.empty()) paths.insert(entry.now.path);
    if (!entry.old_path.empty()) paths.insert(entry.old_path);
  }
  return paths;
}

}  // namespace

PublishPlan::PublishPlan() = default;
PublishPlan::~PublishPlan() = default;
PublishPlan::PublishPlan(PublishPlan&&) noexcept = default;
PublishPlan& PublishPlan::operator=(PublishPlan&&) noexcept = default;

void PublishPlan::each_change(const std::function<void(const PublishChange&)>& callback) const {
  journal->each([&](const JournalEntry& entry) {
    switch (entry.kind) {
      case JournalEntry::Kind::add:
        return callback({PublishChange::Kind::add, entry.key, entry.now, entry.old_path});
      case JournalEntry::Kind::replace:
        return callback({PublishChange::Kind::replace, entry.key, entry.now, entry.old_path});
      case JournalEntry::Kind::remove:
        return callback({PublishChange::Kind::remove, entry.key, entry.now, entry.old_path});
      case JournalEntry::Kind::drop:
      case JournalEntry::Kind::clear:
        return;
    }
  });
}

PublishPlan plan_publish(const PublishOptions& options, const IndexView& view, ViewClaims* views) {
  PublishPlan plan;
  plan.published_before = view.published_count();
  plan.journal = std::make_unique<Journal>(journal_file(options.changes_file));
  BlobsAhead blobs(view);
  Planner planner(options, view, blobs, plan);
  UnpublishedWalk walk(view, blobs);
  UnfinishedJournal unfinished(journal_file(options.changes_file));
  std::optional<ViewClaims::Walk> in_views;
  if (views != nullptr) in_views.emplace(*views);
  plan.resumes = unfinished.found();
  for (;;) {
    std::optional<MediaId> id = walk.medium();
    const auto earlier = [&](MediaId other) {
      if (!id || other < *id) id = other;
    };
    if (unfinished.entry()) earlier(unfinished.entry()->key.media);
    if (in_views && in_views->medium()) earlier(*in_views->medium());
    if (!id) break;
    Planner::Task task;
    if (walk.medium() == id) task.unpublished = walk.take(*id);
    task.suspects = take_suspects(unfinished, *id);
    if (in_views) task.views = in_views->medium() == id ? in_views->take() : ViewChanges{};
    planner.plan(*id, std::move(task));
  }
  return plan;
}

PublishPlan plan_tree(const PublishOptions& options, const IndexView& view, const TreeSource& tree) {
  PublishPlan plan;
  plan.published_before = view.published_count();
  plan.journal = std::make_unique<Journal>(journal_file(options.changes_file));
  const BlobsAhead blobs(view);
  Planner planner(options, view, blobs, plan);
  GivenTree given(tree);
  UnfinishedJournal unfinished(journal_file(options.changes_file));
  plan.resumes = unfinished.found();
  const auto plan_medium = [&](MediaId id) {
    planner.plan_given(id, given.take(id), take_suspects(unfinished, id));
  };
  // media that are not published now: those below `bound`, or all that are left
  const auto plan_others = [&](std::optional<MediaId> bound) {
    for (;;) {
      std::optional<MediaId> id = given.medium();
      if (unfinished.entry() && (!id || unfinished.entry()->key.media < *id))
        id = unfinished.entry()->key.media;
      if (!id || (bound && *id >= *bound)) return;
      plan_medium(*id);
    }
  };
  std::optional<MediaId> last;
  view.each_published([&](const AssetKey& key, const PublishedRecord&) {
    if (key.media == last) return true;
    plan_others(key.media);
    plan_medium(key.media);
    last = key.media;
    return true;
  });
  plan_others(std::nullopt);
  return plan;
}

}  // namespace medimirror
