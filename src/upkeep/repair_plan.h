// Role: findings in, what is to be done out. Reads index and files, changes nothing.
// Place: repair.cc executes it. Memory: grows with the damage, not with the store.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "upkeep/repair.h"

namespace medimirror {

struct RepairPlan {
  struct Bad {
    bool has_file = false;
    bool useless = false;  // the right bytes, and no picture: a copy of them helps nobody
    std::string why;
    std::optional<std::filesystem::path> good_copy;  // a published file with the right bytes
    std::optional<Digest> good_blob;                 // or: the bad file under that name has them
    bool lost() const { return !good_copy && !good_blob; }
  };
  std::map<Digest, Bad> bad;
  std::vector<Digest> wrong_modes, wrong_times;
  std::vector<std::filesystem::path> foreign;    // files to set aside, absolute
  std::vector<std::filesystem::path> leftovers;  // absolute
  std::set<Digest> unrecorded;                   // named by records, and not recorded themselves
  struct Forgotten {
    AssetKey key;
    bool wanted = false;  // else it is retired, and stays so
  };
  std::vector<Forgotten> forgotten;
  std::vector<DerivativeKey> derivatives;
  std::vector<Digest> unused_records;
  std::map<std::string, Digest> relinks;                      // published path, its blob
  std::vector<std::pair<AssetKey, PublishedRecord>> leaving;  // published, and lost
  std::vector<AssetKey> republish;                            // their derivatives change
  bool derivatives_missing = false;                           // of pictures that are intact
  bool lists = false;
};

class RepairPlanner {
 public:
  RepairPlanner(const RepairOptions& options, const Index& index) : options_(options), index_(index) {}

  void note(const Finding& finding);
  RepairPlan finish();

 private:
  void find_good_bytes(const IndexView& view);
  void plan_derivatives(const IndexView& view);
  void plan_assets(const IndexView& view);
  void plan_tree(const IndexView& view);
  bool is_lost(const Digest& digest) const;

  const RepairOptions& options_;
  const Index& index_;
  RepairPlan plan_;
  std::set<Digest> derivative_sources_;  // of dropped derivatives
};

}  // namespace medimirror
