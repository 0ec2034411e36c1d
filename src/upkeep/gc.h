// Role: gives back what nothing refers to any more: mark from everything that counts, sweep the rest.
// Place: `gc`. What counts: assets that are not retired, or not for long; what is published, or was in a tree that a kept run may
// bring back within the grace period; what a publish that was killed meant to place; what adopt took over and no complete sync
// has looked at yet; and derivatives of all these by the recipes of today. What is dropped: retired assets past the grace
// period, derivatives of other recipes, blobs that nothing names, and what repair set aside longer ago than the grace period.
// Order: an index group first, then the files it no longer names, so that a kill leaves files without records, which the next gc
// takes. On a full disk the index may find no page to write: then files go first that only their own record names; a kill
// leaves such records, which are no damage (unused_record) and which the next gc takes.
// Threads: the caller's. Failure: throws Error{index, disk, locked}, Error{interrupted} when it is
// stopped before it removed anything. Memory: 33 bytes for each digest that counts.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "base/image.h"
#include "base/stop.h"

namespace medimirror {

struct GcOptions {
  std::filesystem::path store_folder;
  std::filesystem::path changes_file;  // beside it lies the journal of a publish that was killed
  std::chrono::seconds keep = std::chrono::days(14);
  std::vector<Recipe> recipes;
  bool dry_run = false;
  bool durable = true;
};

struct GcCount {
  std::uint64_t files = 0, bytes = 0;
};

struct GcReport {
  GcCount blobs;                    // named by nothing
  GcCount staged;                   // left by runs that were killed
  GcCount quarantined;              // set aside by repair longer ago
  std::uint64_t last_copies = 0;    // likewise, and kept because the store has these bytes nowhere else
  std::uint64_t history_bytes = 0;  // of trees past the grace period; known when it is done
  std::uint64_t assets = 0, media = 0, derivatives = 0, records = 0;
  std::uint64_t kept_blobs = 0;
  bool interrupted = false;
};

// `priced` is told what will be freed before anything is.
GcReport collect_garbage(const GcOptions& options, const Clock& clock, const StopFlag& stop,
                         const std::function<void(const GcReport&)>& priced);

}  // namespace medimirror
