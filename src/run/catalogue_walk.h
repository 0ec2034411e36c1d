// Role: the merge walk of the listing with the index: which listed items are new or changed since the last
// run.
// Place: the loop feeds it batches from api/; what it finds changed goes to the writer, which plans it.
// Threads: the loop's only. Reads marks (small records made for this walk) and nothing else; an unchanged
// item costs a step of a cursor and a comparison, no parsing, no write.
// Rules: the same id twice in a row (as photo and as frontal) is one item. A listing out of order, or with an
// id again later, is handled right, only slower.
// Limits: 8 bytes for each listed item, to know at the end what was not listed; of the rows of one id that stand together
// kTwinsRead are read, and no more than that many are kept.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "api/listing.h"
#include "run/writer.h"
#include "store/index.h"

namespace medimirror {

class CatalogueWalk {
 public:
  enum class Look { at_changed, at_all };  // at_all: plan every item again, though its line is what it was

  CatalogueWalk(const IndexView& view, Look look) : marks_(view), look_(look) {}

  void absorb(std::span<const ListedItem> batch, std::vector<ListedUpdate>& changed);
  void finish(std::vector<ListedUpdate>& changed);  // the listing ended: lets go of the last item

  // How far an ordered listing has come: what is wanted below it is known.
  MediaId position() const { return position_; }
  bool ordered() const { return !disordered_; }

  // Of the items that did not change; the writer counts the others.
  struct Totals {
    std::uint64_t items = 0, links = 0, assets = 0, filtered = 0;
  };
  const Totals& unchanged() const { return unchanged_; }
  std::size_t held_bytes() const;
  std::uint64_t items() const { return items_; }  // different ids
  std::uint64_t already_known() const {
    return already_known_;
  }  // of these, how many the index had a mark of
  std::uint64_t unparsable() const { return unparsable_; }

  // Why a listing that ended well is not the whole: what it promised were `total` rows, and that many different ones that
  // can be read did not come. A row that comes twice hides another. Empty: it is whole.
  std::string doubt(std::uint64_t total, Listing::Mode mode) const;

  // All ids listed, ascending, each once. Ends the walk.
  std::vector<MediaId> take_seen();

 private:
  // The rows of one id that stand together.
  struct Twins {
    MediaId id = 0;
    Fingerprint joined, last;
    std::uint64_t different = 1;
    std::span<const ListedItem> rows;  // of the batch at hand
    std::vector<std::string> kept;     // those of earlier batches

    explicit Twins(std::span<const ListedItem> rows);
    void add(std::span<const ListedItem> more);
    void outlive_batch();
    std::optional<MediaItem> read() const;
    std::size_t bytes() const;  // of what is read
  };
  void settle(const Twins& twins, std::vector<ListedUpdate>& changed);

  IndexView::MarkWalk marks_;
  Look look_;
  std::optional<Twins> held_;  // the last item of a batch: the next batch may begin with its twin
  std::vector<MediaId> seen_;
  std::unordered_set<MediaId> seen_set_;  // filled only once the listing is out of order
  bool disordered_ = false;
  MediaId position_ = 0;
  Totals unchanged_;
  std::uint64_t items_ = 0, already_known_ = 0, unparsable_ = 0;
  std::uint64_t rows_ = 0, rows_again_ = 0;  // different ones; of ids that were listed before, not just now
};

}  // namespace medimirror
