#include "upkeep/rebuild.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <variant>

#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "history/history.h"
#include "history/undo.h"
#include "image/header.h"
#include "report/run_report.h"
#include "store/grouped_writes.h"
#include "store/index.h"
#include "store/local_blob_store.h"
#include "store/setting_names.h"
#include "tree/lines.h"
#include "tree/manifest.h"
#include "tree/manifest_merge.h"
#include "tree/view_plan.h"

namespace medimirror {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kNotesMax = 20;

using TreeEntry = std::function<void(const AssetKey& key, const PublishedRecord& record)>;

class Rebuild {
 public:
  Rebuild(const RebuildOptions& options, const Clock& clock)
      : options_(options),
        clock_(clock),
        fresh_(options.store_folder / "index.rebuilding"),
        blobs_(make_local_blob_store({options.store_folder})) {}

  RebuildResult run() {
    fs::remove_all(fresh_);
    {
      index_ = Index::open(fresh_, {});
      find_catalogue();
      read_blobs();
      read_records();
      read_tree();
      mark_media();
      write_runs();
      index_.reset();
    }
    take_place();
    index_ = Index::open(options_.store_folder / "index", {});
    publish();
    conclude();
    return std::move(result_);
  }

 private:
  // The newest catalogue that can be read to its end.
  void find_catalogue() {
    const std::vector<KeptList> lists = kept_lists(options_.store_folder, KeptKind::catalogue);
    for (auto list = lists.rbegin(); list != lists.rend(); ++list) {
      try {
        for (ListReader reader = read_kept(options_.store_folder, KeptKind::catalogue, list->run);
             reader.next();) {
        }
        result_.catalogue_run = list->run;
        return;
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::index) throw;
        note(error.what());
      }
    }
  }

  void each_of(char table,
               const std::function<void(std::string_view key, std::string_view value)>& callback) const {
    if (result_.catalogue_run == 0) return;
    ListReader reader = read_kept(options_.store_folder, KeptKind::catalogue, result_.catalogue_run);
    while (reader.next())
      if (reader.key().front() == table) callback(std::string_view(reader.key()).substr(1), reader.value());
  }

  // Both the catalogue and the store are in the order of digests: what both know is held.
  void read_blobs() {
    std::vector<std::pair<Digest, std::uint64_t>> there;
    blobs_->each([&](const Digest& digest, std::uint64_t bytes) {
      there.emplace_back(digest, bytes);
      return true;
    });
    result_.unknown_blobs = there.size();
    GroupedWrites writes(*index_);
    auto at = there.begin();
    each_of('b', [&](std::string_view key, std::string_view value) {
      const std::optional<Digest> digest = Digest::from_bytes(key);
      const std::optional<BlobRecord> record = decode<BlobRecord>(value);
      if (!digest || !record) return;
      while (at != there.end() && at->first < *digest) ++at;
      if (at == there.end() || at->first != *digest || at->second != record->bytes) return;
      writes.next().put_blob(*digest, *record);
      --result_.unknown_blobs;
      ++result_.blobs;
    });
    writes.commit();
  }

  void read_records() {
    GroupedWrites writes(*index_);
    each_of('s',
            [&](std::string_view name, std::string_view value) { writes.next().put_setting(name, value); });
    each_of('m', [&](std::string_view, std::string_view value) {
      if (const auto item = decode<MediaItem>(value)) writes.next().put_media(*item);
    });
    each_of('d', [&](std::string_view key, std::string_view value) {
      const auto derivative = decode_derivative_key(key);
      const auto digest = Digest::from_bytes(value);
      if (!derivative || !digest) return;
      IndexGroup& group = writes.next();
      if (group.blob(*digest)) group.put_derivative(*derivative, *digest);
    });
    each_of('a', [&](std::string_view key, std::string_view value) {
      const auto asset = decode_asset_key(key);
      auto record = decode<AssetRecord>(value);
      if (!asset || !record) return;
      IndexGroup& group = writes.next();
      if (record->digest && !group.blob(*record->digest)) record->forget_bytes();
      group.put_asset(*asset, *record);
      if (record->digest) group.mark_unpublished(*asset);
    });
    each_of('v', [&](std::string_view key, std::string_view value) {
      const auto place = decode_view_number_key(key);
      const auto number = decode_view_number(value);
      if (place && number) writes.next().put_view_number(*place, *number);
    });
    writes.commit();
    held_ = held_tree(index_->view()).has_value();
  }

  // ---- what is published

  // Every entry, from the best source there is.
  void each_in_tree(const TreeEntry& callback) {
    if (result_.tree == RebuildResult::Tree::manifest) {
      each_in_manifest(callback);
    } else if (result_.tree == RebuildResult::Tree::kept) {
      for (KeptTree tree(options_.store_folder, kept_tree_); tree.next();)
        callback(tree.key(), tree.record());
    }
  }

  // False: there is no manifest, or a line of it is none.
  bool each_in_manifest(const TreeEntry& callback) const {
    const fs::path file = options_.publish.media_folder / kManifestName;
    if (!fs::exists(file)) return false;
    const UniqueFd fd = open_file(file, O_RDONLY);
    LineReader lines(fd.get(), file);
    for (std::string_view line; lines.next(line);) {
      const std::optional<ManifestEntry> entry = parse_manifest_line(line);
      if (!entry || entry->format.empty() || entry->format.size() > kFormatNameBytesMax) return false;
      callback({entry->media_id, entry->format}, {entry->path, entry->digest, entry->bytes, entry->mtime});
    }
    return true;
  }

  void choose_tree() {
    if (each_in_manifest([](const AssetKey&, const PublishedRecord&) {})) {
      result_.tree = RebuildResult::Tree::manifest;
      return;
    }
    note(fmt::format("{} is lost or damaged", (options_.publish.media_folder / kManifestName).native()));
    const std::vector<KeptList> lists = kept_lists(options_.store_folder, KeptKind::tree);
    for (auto list = lists.rbegin(); list != lists.rend(); ++list) {
      try {
        for (KeptTree tree(options_.store_folder, list->run); tree.next();) {
        }
        kept_tree_ = list->run;
        result_.tree = RebuildResult::Tree::kept;
        return;
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::index) throw;
        note(error.what());
      }
    }
  }

  void read_tree() {
    choose_tree();
    GroupedWrites writes(*index_);
    each_in_tree([&](const AssetKey& key, const PublishedRecord& record) {
      IndexGroup& group = writes.next();
      if (!group.blob(record.digest) && !find_blob(group, record)) {
        if (++result_.lost <= kNotesMax) note(fmt::format("the bytes of {} are gone", record.path));
        return;
      }
      group.put_published(key, record);
      group.mark_unpublished(key);
      ++result_.published_before;
      if (is_view_format(key.format)) {
        group.put_setting(kViewsSetting,
                          "rebuilt");  // which settings they are of is for the next sync to see
      } else if (recipe_named(key.format) == nullptr) {
        believe_tree(group, key, record);
      }
    });
    writes.commit();
    each_in_tree([&](const AssetKey& key, const PublishedRecord& record) {
      believe_derivative(writes.next(), key, record);
    });
    writes.commit();
  }

  const Recipe* recipe_named(const std::string& name) const {
    const auto found = std::ranges::find(options_.publish.recipes, name, &Recipe::name);
    return found == options_.publish.recipes.end() ? nullptr : &*found;
  }

  // A blob that no catalogue knows, or that only media/ still has.
  bool find_blob(IndexGroup& group, const PublishedRecord& record) {
    std::optional<std::string> bytes = blobs_->read(record.digest);
    const bool in_store = bytes && sha256(*bytes) == record.digest;
    if (!in_store) {
      bytes = read_file_if_exists(options_.publish.media_folder / record.path);
      if (!bytes || sha256(*bytes) != record.digest) return false;
    }
    const std::variant<ImageInfo, Rejection> verdict = inspect_header(*bytes);
    if (!std::holds_alternative<ImageInfo>(verdict)) return false;
    if (in_store) {
      --result_.unknown_blobs;
    } else {
      blobs_->remove(record.digest);  // what stood under its name was not it
      const StagedBlob staged = blobs_->stage(record.digest, *bytes, record.mtime);
      blobs_->commit({&staged, 1});
      ++result_.taken_back;
    }
    BlobRecord blob;
    blob.bytes = bytes->size();
    blob.info = std::get<ImageInfo>(verdict);
    blob.mtime = blob.first_seen = record.mtime;
    group.put_blob(record.digest, blob);
    ++result_.blobs;
    return true;
  }

  // What is published and the catalogue does not know, or knows differently, was published after it was kept. Unless
  // an older tree is held: then they differ on purpose.
  void believe_tree(IndexGroup& group, const AssetKey& key, const PublishedRecord& record) {
    std::optional<AssetRecord> asset = group.asset(key);
    if (held_ || (asset && (asset->digest == record.digest || asset->state == AssetState::retired))) return;
    if (!asset) {
      asset.emplace();
      asset->state = AssetState::held;
      asset->source_format = key.format;
      asset->first_listed = record.mtime;
    } else {
      asset->forget_bytes();
      asset->state = AssetState::wanted;
    }
    asset->digest = record.digest;
    asset->fetched_at = record.mtime;
    group.put_asset(key, *asset);
    ++result_.without_url;
  }

  void believe_derivative(IndexGroup& group, const AssetKey& key, const PublishedRecord& record) {
    const Recipe* recipe = recipe_named(key.format);
    if (recipe == nullptr || !group.blob(record.digest)) return;
    const auto source = group.published({key.media, options_.publish.derivative_source});
    if (!source) return;
    const DerivativeKey derivative{source->digest, recipe->key()};
    if (!group.derivative(derivative)) group.put_derivative(derivative, record.digest);
  }

  // A mark that fits no listing's line: the next listing looks at each item, and what it lacks is noticed.
  void mark_media() {
    std::optional<MediaId> marked;
    std::vector<MediaId> media;
    index_->view().each_asset([&](const AssetKey& key, const AssetRecord& record) {
      ++result_.assets;
      if (record.digest) ++result_.held;
      if (record.state == AssetState::retired || marked == key.media) return true;
      marked = key.media;
      media.push_back(key.media);
      return true;
    });
    result_.media = media.size();
    GroupedWrites writes(*index_);
    for (const MediaId id : media) writes.next().put_mark(id, {});
    writes.commit();
  }

  // Run numbers go on where they were.
  void write_runs() {
    std::map<RunNumber, UnixSeconds> runs;
    for (const KeptKind kind : {KeptKind::tree, KeptKind::catalogue})
      for (const KeptList& list : kept_lists(options_.store_folder, kind)) runs[list.run] = list.at;
    IndexGroup group = index_->group();
    for (const auto& [run, at] : runs) {
      RunReport report;
      report.command = "sync";
      report.listing.by = ListedBy::nothing;
      report.outcome = RunOutcome::unknown;
      report.run = run;
      report.started = at;
      report.notes = {"the report of this run was lost with the index"};
      group.put_run(run, {at, at, 0, false, to_json(report)});
    }
    group.commit();
  }

  // ---- the end

  void take_place() {
    const fs::path index = options_.store_folder / "index";
    if (fs::exists(index)) {
      std::string name = fmt::format("index.old-{}", clock_.unix_now());
      for (int n = 2; fs::exists(options_.store_folder / name); ++n)
        name = fmt::format("index.old-{}-{}", clock_.unix_now(), n);
      result_.old_index = options_.store_folder / name;
      fs::rename(index, result_.old_index);
    }
    fs::rename(fresh_, index);
    sync_folder(options_.store_folder);
  }

  void publish() {
    if (held_) return;  // the next sync sees to it
    PublishOptions options = options_.publish;
    options.remove = false;
    options.anew = result_.tree != RebuildResult::Tree::manifest;
    const PublishPlan plan = plan_publish(options, index_->view());
    result_.published = execute_publish(options, plan, *index_, *blobs_);
  }

  void conclude() {
    const RunNumber run = index_->view().last_run().value_or(std::pair{RunNumber{0}, RunRecord{}}).first + 1;
    RunReport report;
    report.command = "rebuild";
    report.listing.by = ListedBy::nothing;
    report.outcome = RunOutcome::done;
    report.run = run;
    report.started = clock_.unix_now();
    report.published = {result_.published.files,    result_.published.added,
                        result_.published.replaced, 0,
                        result_.published.clashes,  held_ ? TreeState::held : TreeState::published};
    report.notes = result_.notes;
    keep_history(options_.store_folder, run, report.started, index_->view());
    IndexGroup group = index_->group();
    group.put_run(run, {report.started, clock_.unix_now(), 0, false, to_json(report)});
    group.commit();
  }

  void note(std::string sentence) {
    if (result_.notes.size() < kNotesMax) result_.notes.push_back(std::move(sentence));
  }

  const RebuildOptions& options_;
  const Clock& clock_;
  const fs::path fresh_;
  std::unique_ptr<LocalBlobStore> blobs_;
  std::unique_ptr<Index> index_;
  RunNumber kept_tree_ = 0;
  bool held_ = false;  // media/ is held at an older tree
  RebuildResult result_;
};

}  // namespace

RebuildResult rebuild(const RebuildOptions& options, const Clock& clock) {
  return Rebuild(options, clock).run();
}

}  // namespace medimirror
