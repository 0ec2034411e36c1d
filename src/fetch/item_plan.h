// Role: what a listed item means for all of its assets: those that are wanted and those that it no longer gives. Reads, and
// writes nothing.
// Place: the writer plans each new or changed item inside its batch of writes and keeps the records; a preview plans the
// same items and counts them, so that a dry run says what the run after it does.
// Not here: what it means for one asset (plan.h), which formats are wanted (selection.h).
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "fetch/adopted_names.h"
#include "fetch/selection.h"
#include "store/index.h"

namespace medimirror {

struct PlanContext {
  const Selection& selection;
  const AdoptedNames* adopted = nullptr;  // pictures that `adopt` took over
  RunNumber run = 0;
  UnixSeconds now = 0;
};

struct PlannedAsset {
  AssetKey key;
  std::optional<AssetRecord> held;  // as the index has it
  AssetRecord record;               // as it should be
  bool changed() const { return held != record; }
};

struct ItemPlan {
  std::vector<PlannedAsset> wanted;
  std::vector<PlannedAsset> absent;  // in the index, and not wanted any more; without what is retired
  std::size_t filtered = 0;          // formats asked for and not given
  std::size_t fallback = 0;          // of the wanted ones, taken from another format
  bool is_link = false;
};

ItemPlan plan_item(const MediaItem& item, const PlanContext& context, const IndexReader& index);

}  // namespace medimirror
