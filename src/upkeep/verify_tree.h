// Role: the published folder against the index's table of what is published: every file there and a link to its blob, nothing
// else among them, the two lists equal to the table.
// Place: part of the structure check. Where files cannot be linked, published files are copies; their bytes are compared later.
// Limits: 8 bytes a published file in memory. A foreign file is overlooked only if a 64-bit hash of its path is taken.
// Not here: what should be published (tree/publisher). A file of the user's own in a folder that holds no picture is his.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "upkeep/verify_structure.h"

namespace medimirror {

class TreeCheck {
 public:
  TreeCheck(const VerifyOptions& options, const IndexView& view, const FindingSink& found,
            VerifyReport& report);

  // `refer` is told of each digest that is published, and where.
  void check(const std::function<void(const Digest&, const std::string&)>& refer);
  std::vector<PublishedCopy> take_copies() { return std::move(copies_); }

 private:
  struct Suspect {
    PublishedCopy file;
    bool same_time = false;
    bool full = false;  // the blob has as many names as a file can have
  };

  void read_journal();
  void check_published(const AssetKey& key, const PublishedRecord& record);
  void check_link(const AssetKey& key, const PublishedRecord& record);
  bool journal_explains(const PublishedRecord& record, const struct stat* file) const;
  void judge_suspects();
  bool can_link() const;
  void check_extra();
  void walk_folder(int parent, const std::string& name, const std::string& path);
  void check_entry(int folder, const std::string& name, const std::string& path, unsigned char type);
  void check_lists();
  void say(FindingKind kind, const AssetKey& key, const PublishedRecord& record, std::string detail);

  const VerifyOptions& options_;
  const IndexView& view_;
  const FindingSink& found_;
  VerifyReport& report_;

  std::vector<std::uint64_t> paths_;  // hashes, sorted before check_extra
  std::set<std::string> managed_;     // first parts of published paths
  bool root_is_managed_ = false;
  bool links_seen_ = false;
  std::vector<Suspect> suspects_;
  std::vector<PublishedCopy> copies_;
  bool unfinished_ = false;
  std::map<std::string, std::set<Digest>> touched_;  // by a publish that was killed: what may be at the path
};

}  // namespace medimirror
