#include "run/sync.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/exit_status.h"
#include "base/file.h"
#include "base/log.h"
#include "base/units.h"
#include "history/history.h"
#include "history/undo.h"
#include "run/applied_settings.h"
#include "run/disk_room.h"
#include "run/listing_cursor.h"
#include "run/preview.h"
#include "run/report_stage.h"
#include "run/tree_stage.h"
#include "run/view_stage.h"
#include "store/local_blob_store.h"
#include "store/setting_names.h"
#include "store/sound_index.h"
#include "store/trusted_time.h"

namespace medimirror {

namespace {

constexpr ListingCursor kCursor = {kCursorSetting, kFullListingSetting};

class Sync {
 public:
  Sync(const SyncOptions& options, const Clock& clock, Progress& progress, const StopFlag& stop)
      : options_(options),
        clock_(clock),
        progress_(progress),
        stop_(stop),
        selection_(options.selection),
        products_(options.products),
        views_(options.views, options.publish.changes_file) {}

  RunReport run() {
    const SteadyTime start = clock_.steady_now();
    report_.command = "sync";
    report_.dry_run = options_.dry_run;
    report_.started = clock_.unix_now();
    report_.formats = options_.selection.formats.size();
    report_.confirmations = static_cast<std::uint64_t>(options_.retire.confirmations);

    // One writer at a time; the lock goes with the process, however that ends.
    const StoreLock lock(options_.store_folder, "sync");
    make_folders(options_.reports_folder);
    try {
      open();
      prepare_products();
      decide_what_to_list();
      if (options_.dry_run) {
        preview();
      } else {
        mirror();
      }
      conclude();
    } catch (const Error& error) {
      report_error(error, report_);
    }
    progress_.finish(clock_.steady_now());
    report_.seconds = std::chrono::duration<double>(clock_.steady_now() - start).count();
    if (report_.products) report_.requests.api += report_.products->requests;
    if (!report_.balances())
      report_.notes.push_back(
          "the counts of this run do not add up; this is a fault of medimirror, please report it");
    if (!options_.dry_run) keep_report();
    return std::move(report_);
  }

 private:
  void open() {
    index_ = open_sound_index(options_.store_folder, IndexCheck::not_lost, options_.durable);
    begin_report(index_->view(), report_);
    blobs_ = make_local_blob_store({options_.store_folder, options_.durable});
    blobs_->sweep();  // what a dead run left staged
    transport_ = make_curl_transport(options_.transport);
  }

  Wire wire() { return {*transport_, clock_, progress_, stop_}; }

  void mirror() {
    claim_tree(options_.store_folder, options_.publish.media_folder, *index_);
    // Walk the listing and, while it runs, fetch, inspect, keep. What is committed stays, whatever happens
    // next.
    if (selection_changed_) begin_selection();
    const bool unkept = open_history(*index_);
    fetch_and_keep();
    if (result_.failure) {
      if (disk().is_full({})) publish_in_spite();
      std::rethrow_exception(result_.failure);
    }
    // Beyond this point neither the API nor a media host is asked again.

    if (listing_covers_all() && result_.listing_complete && products_.selects_surely()) retire();
    // Beyond this point the wanted set is fixed.

    if (!tree_is_held()) publish();
    // Beyond this point the directory equals the manifest.

    if (unkept || changed_something())
      keep_history(options_.store_folder, report_.run, now(), index_->view());
    close_history(*index_);
    if (result_.listing_complete && !retirement_.implausible) move_cursor();
    const bool all_media_listed =
        result_.listing_complete || options_.listed == SyncOptions::Listed::not_at_all;
    products_.finish(*index_, selection_, options_.filter.locales, all_media_listed, options_.reports_folder,
                     report_);
    if (result_.disk_is_full)
      throw Error(ErrorKind::disk, disk().sentence({index_->view().asset_count(), 0}),
                  "keep what was fetched");
  }

  DiskRoom disk() const {
    const PipelineOptions& pipeline = options_.pipeline;
    return {*blobs_, pipeline.writer.reserve_bytes, 1 + pipeline.image.recipes.size()};
  }

  // What came before the disk was full is held, and costs hardly any space to publish. The run ends with its own failure.
  void publish_in_spite() {
    try {
      blobs_->sweep();
      if (!tree_is_held()) publish();
    } catch (const Error& error) {
      log_warning("nothing was published: {}", error.what());
    }
  }

  // Which media a list of codes names must be known before the selection is looked at.
  void prepare_products() {
    using Ask = ProductStage::Ask;
    Ask ask = options_.listed == SyncOptions::Listed::in_full ? Ask::in_full : Ask::normally;
    if (options_.dry_run || options_.listed == SyncOptions::Listed::not_at_all) ask = Ask::index_only;
    products_.prepare(ask, options_.api, wire(), *index_, selection_, report_);
  }

  void decide_what_to_list() {
    const IndexView view = index_->view();
    const auto changed = [&](std::string_view name, const std::string& now) {
      return view.setting(name) != now;
    };
    selection_changed_ = changed(kSelectionSetting, selection_.fingerprint());
    recipes_changed_ = changed(
        kRecipesSetting, recipes_fingerprint(options_.publish.recipes, options_.publish.derivative_source));
    layout_changed_ = changed(kLayoutSetting, layout_fingerprint(options_.publish));
    filter_ = options_.filter;
    if (options_.listed == SyncOptions::Listed::not_at_all) return;

    const bool filter_changed = changed(kFilterSetting, options_.filter.to_json());
    const std::optional<UnixSeconds> since =
        kCursor.changes_since(view, options_.full_listing_every, clock_.unix_now());
    if (options_.listed == SyncOptions::Listed::normally && since && !filter_changed && !selection_changed_ &&
        filter_.updated.empty()) {
      filter_.updated.from = *since;
      only_changes_ = true;
    }
  }

  CatalogueWalk::Look look() const {
    const bool all = selection_changed_ || options_.listed == SyncOptions::Listed::in_full;
    return all ? CatalogueWalk::Look::at_all : CatalogueWalk::Look::at_changed;
  }

  // Every item of an empty index will be planned with this selection. Noted at once, so that a first run that is killed
  // need not plan again all that was listed.
  void begin_selection() {
    const IndexView view = index_->view();
    if (view.mark_count() > 0 || view.asset_count() > 0) return;
    IndexGroup group = index_->group();
    group.put_setting(kSelectionSetting, selection_.fingerprint());
    group.commit();
    selection_changed_ = false;
  }

  std::string_view why_listed() const {
    if (only_changes_) return "only what changed since the last run is listed";
    if (options_.listed == SyncOptions::Listed::in_full)
      return "everything is listed and looked at, as asked for";
    if (selection_changed_) return "everything is listed and looked at: the selection is new";
    return "everything is listed: it is the first time, or due again, or the filter is new";
  }

  std::unique_ptr<Listing> make_listing() {
    if (options_.listed == SyncOptions::Listed::not_at_all) return nullptr;
    log_info("{}", why_listed());
    return list_media(options_.api, filter_, *transport_, clock_);
  }

  // Runs `work` with the listing of this run, and reports what the listing came to, however that ends.
  template <typename Work>
  void with_listing(const Work& work) {
    const std::unique_ptr<Listing> listing = make_listing();
    if (listing == nullptr) report_.listing.by = ListedBy::nothing;
    const auto report = [&] {
      if (listing == nullptr) return;
      server_date_ = listing->server_date();
      report_listing(*listing, report_);
    };
    try {
      work(listing.get());
    } catch (const Error&) {
      report();
      throw;
    }
    report();
    if (only_changes_)
      report_.notes.push_back("only what changed since the last run was listed (api.full_listing_every)");
  }

  void preview() {
    const AdoptedNames adopted(options_.store_folder);
    const PreviewOptions options{look(), listing_covers_all() && products_.selects_surely(),
                                 retire_options()};
    with_listing([&](Listing* listing) {
      if (listing == nullptr) return;
      const Preview preview = preview_sync(*listing, {selection_, &adopted, report_.run, report_.started},
                                           wire(), *index_, options, report_);
      retirement_ = preview.retirement;
      result_.listing_ended = listing->state() != Listing::State::running;
      result_.listing_complete = report_.listing.complete = preview.complete;
      result_.listing_doubt = preview.doubt;
    });
    report_doubt();
    report_clock(server_date_, clock_, report_);
    if (retirement_.over_limit)
      report_.notes.push_back(
          too_many(retirement_.to_remove, retirement_.limit, kUnlisted, "a sync would remove nothing"));
  }

  void fetch_and_keep() {
    marks_before_ = index_->view().mark_count();
    derivatives_before_ = index_->view().derivative_count();
    PipelineOptions pipeline = options_.pipeline;
    pipeline.run = report_.run;
    pipeline.writer.run = report_.run;
    pipeline.writer.selection = selection_;
    pipeline.writer.rejected_folder = options_.store_folder / "rejected";
    const AdoptedNames adopted(options_.store_folder);
    pipeline.writer.adopted = &adopted;
    pipeline.overflow = options_.store_folder;
    pipeline.look = look();
    pipeline.make_missing_derivatives = recipes_changed_ && !options_.publish.recipes.empty();
    pipeline.hosts = parse_host_memory(index_->view().setting(kPausedHostsSetting).value_or(""),
                                       index_->view().setting(kHostSpacingsSetting).value_or(""),
                                       index_->view().setting(kBannedHostsSetting).value_or(""));

    with_listing([&](Listing* listing) {
      result_ = run_pipeline(pipeline, listing, wire(), *index_, *blobs_);
      report_.listing.complete = result_.listing_complete;
      report_.listing.malformed += result_.unparsable;
    });
    report_doubt();
    report_items(result_, index_->view(), report_);
    try {
      save_settings();
    } catch (const Error&) {
      if (!result_.failure) throw;  // else the first failure is what the user must hear of
    }
  }

  // What retires, and what is kept for a time, is dated by this.
  UnixSeconds now() const {
    const UnixSeconds ours = clock_.unix_now();
    return server_date_ ? trusted_now(*server_date_, ours) : trusted_now(index_->view(), ours);
  }

  void report_doubt() {
    if (result_.listing_doubt.empty()) return;
    report_.listing.cut_reason = result_.listing_doubt;
    report_.listing.doubted = true;
    log_warning("{}; nothing is removed in this run", result_.listing_doubt);
  }

  bool listing_covers_all() const {
    return options_.listed != SyncOptions::Listed::not_at_all && !only_changes_;
  }

  void save_settings() {
    IndexGroup group = index_->group();
    bool any = false;
    const auto put = [&](std::string_view name, const std::string& value) {
      if (group.setting(name) == value) return;
      group.put_setting(name, value);
      any = true;
    };
    // the selection counts as applied only when every item has been planned with it
    if (listing_covers_all() && result_.listing_complete) {
      put(kSelectionSetting, selection_.fingerprint());
      put(kFilterSetting, options_.filter.to_json());
    }
    if (result_.queue_done && !result_.failure && result_.written.derivatives_failed == 0)
      put(kRecipesSetting, recipes_fingerprint(options_.publish.recipes, options_.publish.derivative_source));
    for (const auto& [name, text] : {std::pair{kPausedHostsSetting, format_pauses(result_.hosts)},
                                     std::pair{kHostSpacingsSetting, format_spacings(result_.hosts)},
                                     std::pair{kBannedHostsSetting, format_bans(result_.hosts)}})
      if (!text.empty() || group.setting(name)) put(name, text);
    if (any) group.commit();
  }

  RetireOptions retire_options() const {
    RetireOptions retire = options_.retire;
    // With a list of codes the service decides as well which media are selected, and one answer of it is no proof.
    retire.selection_changed = selection_changed_ && !selection_.media_ids;
    return retire;
  }

  void retire() {
    retirement_ =
        retire_absent(*index_, {result_.seen, result_.already_known, marks_before_}, retire_options(), now());
    report_.items.retired = retirement_.retired();
    report_.items.unconfirmed = retirement_.waiting.size();
    log_info("{} pictures retire; {} are no longer listed and wait for another listing to say so too",
             report_.items.retired, report_.items.unconfirmed);
    if (retirement_.over_limit) refuse_removal(retirement_.to_remove, retirement_.limit, kUnlisted);
  }

  void refuse_removal(std::uint64_t files, std::uint64_t limit, std::string_view why) {
    stop_at_limit(too_many(files, limit, why, "nothing was removed"));
  }

  void stop_at_limit(const std::string& sentence) {
    over_limit_ = true;
    report_.error += fmt::format("{}{}", report_.error.empty() ? "" : "; ", sentence);
  }

  void publish() {
    PublishOptions publish = options_.publish;
    publish.anew = tree_is_gone(publish.media_folder, *index_);
    const bool in_full = options_.listed == SyncOptions::Listed::in_full;
    if (!publish.anew)
      publish.lost = find_losses(publish.media_folder, *index_,
                                 in_full ? LookAt::everything : LookAt::changed_folders, report_);
    const bool new_derivatives = recipes_changed_ && index_->view().derivative_count() != derivatives_before_;
    if (layout_changed_ || new_derivatives || in_full || publish.anew) look_at_every_file(*index_);
    ViewClaims* const views =
        views_.plan(*index_, {products_.selected(), products_.whole(), publish.anew, now()}, report_);
    PublishPlan plan = plan_publish(publish, index_->view(), views);
    const std::uint64_t limit =
        std::max(options_.retire.max_delete.of(plan.published_before), retirement_.to_remove);
    const std::uint64_t missed = plan.removed - plan.handed_over - plan.went_along;
    if (missed > limit) {
      // a derivative, a format or a view left the configuration: the same limit holds as for what left the listing
      refuse_removal(missed, limit, "the settings, or the products of a view, no longer ask for");
      publish.remove = false;
      plan = plan_publish(publish, index_->view(), views);
    }
    HeldReplacements held = hold_replacements(plan.renewals, plan.published_before, options_.replace);
    if (!held.media.empty()) {
      stop_at_limit(held.sentence);
      publish.held = std::move(held.media);
      plan = plan_publish(publish, index_->view(), views);
    }
    log_info("publishing: {} to add, {} to replace, {} to remove", plan.added, plan.replaced, plan.removed);
    report_.published.tree = TreeState::begun;
    const PublishResult published = execute_publish(publish, plan, *index_, *blobs_);
    report_.published = {published.files,   published.added,      published.replaced, published.removed,
                         published.clashes, TreeState::published, publish.held.size()};
    views_.conclude(*index_, !over_limit_ && published.clashes.size() == plan.clashes.size());
    if (layout_changed_ && !over_limit_) {
      IndexGroup group = index_->group();
      group.put_setting(kLayoutSetting, layout_fingerprint(options_.publish));
      group.commit();
    }
  }

  // After an undo media/ stays what it was made, whatever was listed and fetched since.
  bool tree_is_held() {
    UndoOptions undo{.store_folder = options_.store_folder, .publish = options_.publish};
    const std::optional<HeldTree> held = keep_tree_held(undo, *index_, *blobs_);
    if (!held) return false;
    report_.published.files = index_->view().published_count();
    report_.published.tree = TreeState::held;
    return true;
  }

  bool changed_something() const {
    const Writer::Totals& written = result_.written;
    const RunReport::Published& published = report_.published;
    const std::uint64_t changes = written.changed_items + written.fetched + written.not_modified +
                                  report_.items.retired + published.added + published.replaced +
                                  published.removed;
    return changes > 0 || recipes_changed_ || layout_changed_;
  }

  void move_cursor() {
    IndexGroup group = index_->group();
    kCursor.move(group, server_date_, listing_covers_all() ? std::optional(report_.started) : std::nullopt);
    group.commit();
  }

  // ---- the report

  void conclude() {
    const bool asked = options_.listed != SyncOptions::Listed::not_at_all && result_.listing_ended;
    const bool media_cut = !result_.listing_complete && !report_.listing.shifted;
    report_ending({.stopped = stop_.requested(),
                   .over_limit = over_limit_,
                   .listing_cut = asked && (media_cut || products_.cut()),
                   .trouble = result_.trouble},
                  clock_, report_);
  }

  void keep_report() {
    try {
      write_down(report_, options_.reports_folder, index_.get(), clock_.unix_now());
    } catch (const Error& error) {
      // most likely the same full disk that ended the run: the caller still gets the report
      if (report_.error.empty()) report_error(error, report_);
      report_.notes.push_back(fmt::format("this report could not be written down: {}", error.what()));
    }
  }

  const SyncOptions& options_;
  const Clock& clock_;
  Progress& progress_;
  const StopFlag& stop_;

  Selection selection_;  // of this run: the user's, and the media that a list of codes names
  ProductStage products_;
  ViewStage views_;

  std::unique_ptr<Index> index_;
  std::unique_ptr<LocalBlobStore> blobs_;
  std::unique_ptr<Transport> transport_;

  MediaFilter filter_;  // of this run: the user's, and since when
  bool only_changes_ = false;
  bool selection_changed_ = false, recipes_changed_ = false, layout_changed_ = false;
  std::uint64_t marks_before_ = 0, derivatives_before_ = 0;
  PipelineResult result_;
  Retirement retirement_;
  bool over_limit_ = false;
  std::optional<UnixSeconds> server_date_;
  RunReport report_;
};

}  // namespace

RunReport run_sync(const SyncOptions& options, const Clock& clock, Progress& progress, const StopFlag& stop) {
  return Sync(options, clock, progress, stop).run();
}

}  // namespace medimirror
