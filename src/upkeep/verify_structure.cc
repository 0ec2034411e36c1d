#include "upkeep/verify_structure.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/units.h"
#include "upkeep/verify_tree.h"

namespace medimirror {

namespace {

constexpr unsigned kFans = 256;

}  // namespace

StructureCheck::StructureCheck(const VerifyOptions& options, const Index* index, const StopFlag& stop,
                               const FindingSink& found, VerifyReport& report)
    : options_(options), index_(index), stop_(stop), found_(found), report_(report) {
  if (index_ != nullptr) view_.emplace(index_->view());
}

StructureResult StructureCheck::run() {
  each_foreign_fan(options_.store_folder, [&](const std::string& name) {
    found_({FindingKind::unknown_file, "blobs/" + name, "remove it, or let repair set it aside"});
  });
  check_blobs();
  if (view_) {
    check_assets();
    obey_stop();
    check_derivatives();
    obey_stop();
    TreeCheck tree(options_, *view_, found_, report_);
    walk("published", [&] {
      tree.check([&](const Digest& digest, const std::string& who) { note_reference(digest, who); });
    });
    result_.copies = tree.take_copies();
    obey_stop();
    check_index();
    obey_stop();
    if (options_.each_kept)
      options_.each_kept([&](const Digest& digest) { note_reference(digest, "the manifest of a kept run"); });
  }
  report_missing();
  return std::move(result_);
}

// What no walk over pictures comes across, and after a walk that ended at a damaged record all of these.
void StructureCheck::check_index() {
  std::uint64_t unreadable = 0;
  const auto say = [&](std::string_view table, const std::string& what) {
    found_({FindingKind::index_damaged, fmt::format("table {}", table), what + ": run medimirror rebuild"});
  };
  try {
    view_->each_product_fault(say);
    view_->each_unreadable([&](std::string_view table, const std::string& what) {
      ++unreadable;
      say(table, fmt::format("the record of {} cannot be read", what));
    });
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::index) throw;
    ended_walks_.emplace_back("table products", error.what());
  }
  if (unreadable == 0)
    for (const auto& [table, why] : ended_walks_) found_({FindingKind::index_damaged, table, why});
}

// False: the table is damaged, and check_index says where.
template <typename Walk>
bool StructureCheck::walk(std::string_view table, const Walk& walk_table) {
  try {
    walk_table();
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::index) throw;
    ended_walks_.emplace_back(fmt::format("table {}", table), error.what());
    return false;
  }
}

// ---------------------------------------------------------------- records against files, both in order of digest

void StructureCheck::check_blobs() {
  next_fan();
  if (view_) {
    records_known_ = walk("blobs", [&] {
      view_->each_blob([&](const Digest& digest, const BlobRecord& record) {
        ++report_.records;
        check_recorded(digest, record);
        return true;
      });
    });
  } else {
    records_known_ = false;
  }
  for (; fan_ < kFans; ++fan_, next_fan()) finish_fan();
}

// A part of it proves nothing: what was not reached would look as if it were missing.
void StructureCheck::obey_stop() const {
  if (stop_.requested()) throw Error(ErrorKind::interrupted, "stopped; nothing was changed", "verify");
}

void StructureCheck::next_fan() {
  obey_stop();
  at_ = 0;
  fan_files_.clear();
  if (fan_ >= kFans) return;
  fan_files_ = list_blob_files(options_.store_folder, fan_, [&](const std::string& name) {
    found_({FindingKind::unknown_file, "blobs/" + name, "remove it, or let repair set it aside"});
  });
  report_.blob_files += fan_files_.size();
}

void StructureCheck::finish_fan() {
  for (; at_ < fan_files_.size(); ++at_) check_file(fan_files_[at_], nullptr);
}

void StructureCheck::check_recorded(const Digest& digest, const BlobRecord& record) {
  for (; fan_ < digest.bytes[0]; ++fan_, next_fan()) finish_fan();
  for (; at_ < fan_files_.size() && fan_files_[at_].digest < digest; ++at_)
    check_file(fan_files_[at_], nullptr);
  if (at_ < fan_files_.size() && fan_files_[at_].digest == digest) {
    check_file(fan_files_[at_++], &record);
  } else {
    missing_.emplace(digest, std::string());
  }
}

void StructureCheck::check_file(const BlobFile& file, const BlobRecord* record) {
  const auto say = [&](FindingKind kind, std::string detail) {
    found_({kind, file.digest.hex(), std::move(detail), file.digest});
  };
  if (!S_ISREG(file.mode))
    return say(FindingKind::blob_not_a_file, S_ISDIR(file.mode) ? "it is a folder" : "it is no regular file");
  if ((file.mode & 07777) != kBlobFileMode)
    say(FindingKind::blob_wrong_mode,
        fmt::format("its mode is {:04o} and should be {:04o}", file.mode & 07777, kBlobFileMode));
  if (record == nullptr && records_known_) say(FindingKind::unknown_blob, format_bytes(file.bytes));
  if (record != nullptr && record->bytes != file.bytes)
    return say(FindingKind::blob_wrong_size,
               fmt::format("it has {} bytes and should have {}", file.bytes, record->bytes));
  if (record != nullptr && record->mtime != file.mtime)
    say(FindingKind::blob_other_time,
        fmt::format("its time is {} and should be {}", format_utc(file.mtime), format_utc(record->mtime)));
  if (options_.depth != VerifyDepth::structure)
    result_.blobs.push_back({file.digest, file.inode, record == nullptr ? 0 : record->last_verified});
}

// ---------------------------------------------------------------- records against records

void StructureCheck::check_assets() {
  std::uint64_t to_fetch = 0;
  const bool whole = walk("assets", [&] {
    view_->each_asset([&](const AssetKey& key, const AssetRecord& record) {
      ++report_.records;
      to_fetch += record.to_fetch() ? 1 : 0;
      if (!record.digest) return true;
      const std::string who = fmt::format("media {} {}", key.media, key.format);
      if (records_known_ && !view_->blob(*record.digest))
        found_({FindingKind::asset_without_blob, who,
                fmt::format("it names {}, of which there is no record", record.digest->hex()), record.digest,
                key});
      note_reference(*record.digest, who);
      return true;
    });
  });
  if (whole && to_fetch != view_->queue_count())
    found_({FindingKind::index_damaged, "table queue",
            fmt::format("{} assets are to be fetched, but {} are in the queue: run medimirror rebuild",
                        to_fetch, view_->queue_count())});
}

void StructureCheck::check_derivatives() {
  walk("derivatives", [&] {
    view_->each_derivative([&](const DerivativeKey& key, const Digest& digest) {
      ++report_.records;
      if (records_known_ && !view_->blob(digest)) {
        found_({FindingKind::derivative_without_blob, fmt::format("derivative of {}", key.source.hex()),
                fmt::format("it names {}, of which there is no record", digest.hex()), digest, std::nullopt,
                key});
      }
      note_reference(digest, fmt::format("a derivative of {}", key.source.hex()));
      return true;
    });
  });
}

void StructureCheck::note_reference(const Digest& digest, const std::string& who) {
  if (missing_.empty()) return;
  const auto found = missing_.find(digest);
  if (found != missing_.end() && found->second.empty()) found->second = who;
}

void StructureCheck::report_missing() {
  for (const auto& [digest, who] : missing_) {
    if (who.empty()) {
      found_({FindingKind::unused_record, digest.hex(), "no asset, derivative or published file needs it",
              digest});
    } else {
      found_({FindingKind::blob_missing, digest.hex(), fmt::format("{} needs it", who), digest});
    }
  }
}

}  // namespace medimirror
