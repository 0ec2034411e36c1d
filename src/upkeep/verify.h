// Role: index, blobs, derivatives, tree and manifest held against each other; says what is wrong, changes nothing.
// Place: `verify` shows what is found, `repair` plans from it. Reads the local store's files beside its seam (store/blob_files.h).
// Threads: the caller's, and reading threads of its own for the depths that read bytes; `found` is called by one at a time.
// Failure: damage is a Finding, also of the index. Throws Error{locked} while another run holds the store, Error{disk} when a
// folder cannot be listed, Error{interrupted} when it is stopped before all of the structure was looked at.
// Limits: seconds, bytes a second, a slice of all objects, or only those unread for long. Memory: about 100 bytes an object.
// Resumes: what was read is remembered in BlobRecord::last_verified every few seconds; new objects come first, then the longest
// unread. A bad object is not remembered, so that it is looked at, and named, each time.
// The lock is held while structure is checked; bytes never change, so reading them does not keep a sync from its work.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/stop.h"
#include "image/decoder_process.h"
#include "store/index.h"

namespace medimirror {

enum class FindingKind {
  // damage
  index_damaged,
  blob_missing,
  blob_wrong_size,
  blob_wrong_content,
  blob_unreadable,
  blob_not_a_file,
  blob_wrong_mode,
  picture_damaged,
  unknown_file,
  asset_without_blob,
  derivative_without_blob,
  published_without_blob,
  published_missing,
  published_replaced,
  extra_file,
  manifest_differs,
  sums_differ,
  // no damage, but worth a line
  unknown_blob,
  unused_record,
  blob_other_time,
  publish_unfinished,
  leftover,
};
std::string_view name_of(FindingKind kind);
bool is_damage(FindingKind kind);
std::string_view meaning_of(FindingKind kind);  // a phrase for people, without a full stop

struct Finding {
  FindingKind kind{};
  std::string subject;  // a blob's digest, a path, "media 12 huge", a table
  std::string detail;   // a phrase: what was found, and what should be
  // The subject once more, for programs; as far as it is one of these.
  std::optional<Digest> digest = {};
  std::optional<AssetKey> asset = {};
  std::optional<DerivativeKey> derivative = {};
};
using FindingSink = std::function<void(const Finding&)>;

// Calls back with each digest that is kept for a reason the index does not know: the manifests of kept runs.
using KeptDigests = std::function<void(const std::function<void(const Digest&)>&)>;

enum class VerifyDepth {
  structure,  // names, sizes, modes, links and records; no blob is opened
  content,    // every blob hashed
  pixels,     // and decoded
};

struct VerifyOptions {
  std::filesystem::path store_folder, media_folder;
  std::filesystem::path changes_file;  // beside it lies the journal of a publish that was killed
  VerifyDepth depth = VerifyDepth::structure;
  std::uint64_t slice = 1, slices = 1;  // objects are dealt out by their digest
  std::optional<std::chrono::seconds> unread_for;
  std::optional<std::chrono::seconds> time_limit;
  std::uint64_t bytes_per_second_max = 0;  // 0: no limit
  std::size_t threads = 0;                 // 0: as many as the machine has cores
  DecoderOptions decoder;
  KeptDigests each_kept;
};

struct VerifyReport {
  VerifyDepth depth{};
  std::map<FindingKind, std::uint64_t> counts;
  std::uint64_t records = 0, blob_files = 0, published = 0;     // looked at
  std::uint64_t to_read = 0, objects_read = 0, bytes_read = 0;  // of this slice and age
  bool complete = true;                                         // false: time was up, or the run was stopped
  bool interrupted = false;
  bool remembered = true;  // false: the index could not take the times
  double seconds = 0, reading_seconds = 0;

  std::uint64_t damage() const;
};

VerifyReport verify(const VerifyOptions& options, const Clock& clock, const StopFlag& stop,
                    const FindingSink& found);

// The same under a lock and with an index that the caller holds.
VerifyReport verify_locked(const VerifyOptions& options, Index& index, const Clock& clock,
                           const StopFlag& stop, const FindingSink& found);

}  // namespace medimirror
