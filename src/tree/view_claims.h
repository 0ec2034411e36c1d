// Role: who gets which path of the views: all wanted files and all that are published now, sorted by path, so that each
// path is given once, for any number of files in little memory.
// Rules: of two that ask for one path, the product that is not inactive comes first, then the one that has it now (a code
// that is typed wrong at the service must not put another product's picture under it), then the lower id, then the better
// place in the product; the other is a clash, unless its bytes are the same. Where a view is named by a code that
// several products share, and nothing else tells their files apart, the code is the first one's as a whole: pictures of
// two products are never mixed under one code.
// Place: view_plan fills it, publish_plan reads what comes out, medium by medium.
// Threads: one.
// Failure: throws Error{disk}.
// Limits: memory as LineSorter, and a little for each shared code. Clashes are told in 100 sentences and counted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/record.h"
#include "tree/lines.h"

namespace medimirror {

struct ViewClaim {
  std::size_t view = 0;  // its place among the views
  std::string product;   // empty in a view that knows no products
  bool inactive = false;
  bool holds = false;       // the path is this file's now
  std::string code;         // by which the file is named; empty: not by a code alone
  std::uint32_t order = 0;  // place in the product
  AssetKey key;
  PublishedRecord record;
};

// What is to be done for one medium: the views' files it shall have, and the paths of its files that now are another's.
struct ViewChanges {
  std::map<std::string, PublishedRecord> wanted;  // by format
  std::set<std::string> taken;
};

class ViewClaims {
 public:
  ViewClaims(std::filesystem::path scratch_folder, std::vector<std::string> view_names);
  ~ViewClaims();

  void claim(const ViewClaim& claim);
  // Who of several products that have one code and files in the view comes first.
  struct Owner {
    bool inactive = false;
    bool newcomer = false;  // none of its files stands under the code now
    std::string product;
    auto operator<=>(const Owner&) const = default;
  };
  void note_shared(std::size_t view, const std::string& code, Owner owner);
  void note_published(const AssetKey& key, const std::string& path);
  void note_suspect(MediaId media, const std::string& path);  // a publish that was killed may have touched it

  void settle();  // after the last claim

  struct Outcome {
    std::vector<std::uint64_t> files, clashes;  // by view
    std::vector<std::string> sentences;         // the first 100 clashes
  };
  const Outcome& outcome() const { return outcome_; }

  // The media that have files in a view, or had, in ascending order.
  class Walk {
   public:
    explicit Walk(ViewClaims& claims);
    std::optional<MediaId> medium() const { return medium_; }
    ViewChanges take();  // of medium(), and on to the next
   private:
    void advance();
    std::unique_ptr<LineSource> lines_;
    std::string line_;
    std::optional<MediaId> medium_;
  };

 private:
  struct Holder;  // of the path at hand

  void settle_claim(std::string_view line, std::string_view path, std::optional<Holder>& holder);
  void refuse(std::size_t view, std::string sentence);
  void put(MediaId media, std::string_view rest);

  std::vector<std::string> names_;
  LineSorter by_path_, by_medium_;
  std::map<std::pair<std::size_t, std::string>, Owner> owners_;  // of shared codes
  std::set<std::pair<std::size_t, std::string>> told_;           // code and product of clashes by code
  Outcome outcome_;
};

}  // namespace medimirror
