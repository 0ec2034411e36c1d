// Role: the check that opens no blob: records against blob files, records against each other.
// Place: verify.cc runs it first; it leaves the list of what there is to read (verify_content.h).
// Threads: one. Failure: throws Error{interrupted} soon after a stop. A table of the index that cannot be read is a Finding, and what stands in it is then not checked.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "upkeep/verify.h"
#include "upkeep/verify_files.h"

namespace medimirror {

struct ReadTarget {
  Digest digest;
  ino_t inode = 0;
  UnixSeconds last_verified = 0;
};

// A published file that is not a link to its blob, where files cannot be linked: its bytes tell.
struct PublishedCopy {
  AssetKey key;
  std::string path;
  Digest digest;
};

struct StructureResult {
  std::vector<ReadTarget> blobs;
  std::vector<PublishedCopy> copies;
};

class StructureCheck {
 public:
  // `index` may be null: then the blobs are all there is to look at.
  StructureCheck(const VerifyOptions& options, const Index* index, const StopFlag& stop,
                 const FindingSink& found, VerifyReport& report);

  StructureResult run();

 private:
  template <typename Walk>
  bool walk(std::string_view table, const Walk& walk_table);

  void obey_stop() const;
  void check_blobs();
  void check_recorded(const Digest& digest, const BlobRecord& record);
  void check_file(const BlobFile& file, const BlobRecord* record);
  void finish_fan();
  void next_fan();
  void check_index();
  void check_assets();
  void check_derivatives();
  void note_reference(const Digest& digest, const std::string& who);
  void report_missing();

  const VerifyOptions& options_;
  const Index* index_;
  const StopFlag& stop_;
  const FindingSink& found_;
  VerifyReport& report_;
  std::optional<IndexView> view_;
  StructureResult result_;

  std::vector<BlobFile> fan_files_;  // of the folder that the walk over the records has reached
  std::size_t at_ = 0;
  unsigned fan_ = 0;
  bool records_known_ = true;  // else a file without a record says nothing

  std::vector<std::pair<std::string, std::string>> ended_walks_;  // table, why

  std::map<Digest, std::string> missing_;  // and who refers to it; empty: nobody
};

}  // namespace medimirror
