// Role: the names of the index's settings: what is remembered of the last run, as text. Who writes a setting says what its text means.
// Format: a name is on disk in every index; another name forgets what stood under the old one.
#pragma once

#include <string_view>

namespace medimirror {

constexpr std::string_view kSchemaSetting = "schema_version";  // of the index itself
constexpr std::string_view kHistorySetting = "history";        // "open" while a run's lists are not kept yet
constexpr std::string_view kHeldTreeSetting = "held_tree";     // what undo holds the tree at

// What sync has applied to the end, as fingerprints.
constexpr std::string_view kSelectionSetting = "selection";  // when it changes, every item is planned again
constexpr std::string_view kFilterSetting = "filter";        // a new one needs a complete listing
constexpr std::string_view kRecipesSetting =
    "recipes";  // when they change, every held picture may lack a derivative
constexpr std::string_view kLayoutSetting = "layout";  // when it changes, every file may have to move

// Listings: the service's time at the last one that was complete, ours at the last one of everything (listing_cursor.h).
constexpr std::string_view kCursorSetting = "cursor", kFullListingSetting = "last_full_listing";
constexpr std::string_view kProductsCursorSetting = "products_cursor",
                           kProductsFullListingSetting = "products_last_full_listing";
constexpr std::string_view kProductsAskedSetting = "products_asked";  // the filters, joined

// fetch/host_memory.h
constexpr std::string_view kPausedHostsSetting = "paused_hosts", kHostSpacingsSetting = "host_spacings",
                           kBannedHostsSetting = "banned_hosts";

constexpr std::string_view kMediaFolderSetting = "media_folder";  // that is published into (run/tree_stage.h)
constexpr std::string_view kStoreFolderSetting = "store_folder";  // where the store was then
constexpr std::string_view kTreeFoldersSetting = "tree_folders";  // tree/tree_watch.h
constexpr std::string_view kViewsSetting = "views";  // as published last; empty: no view has files
constexpr std::string_view kViewsOutcomeSetting = "views_outcome";  // tree/view_outcome.h
constexpr std::string_view kViewsStaleSetting =
    "views_stale";  // "1": the views are to be planned again (index.h)

}  // namespace medimirror
