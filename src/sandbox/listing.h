// Role: one listing: the rows of a catalogue that pass a test, in one of the sortings, as pages or as a
// stream.
// Place: made by api from a request; writes with media_json.
// Limits: a stream holds one buffer; sorting by touchedAt holds 4 bytes an item while it is answered.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sandbox/filter.h"
#include "sandbox/media_json.h"

namespace medimirror::sandbox {

enum class Sorting {
  id,
  touched_at
};  // items are created in the order of their ids, so createdAt sorts as id does

// The rows of either catalogue, media or products. An item may give more than one row.
class Rows {
 public:
  virtual ~Rows() = default;
  virtual std::uint32_t items() const = 0;
  virtual int matching(std::uint32_t item) const = 0;  // how many of its rows pass the test
  virtual UnixSeconds touched_at(std::uint32_t item) const = 0;
  virtual void write(std::uint32_t item, int nth, JsonText& json) const = 0;  // the nth row that passes
};

std::unique_ptr<Rows> media_rows(std::shared_ptr<const Catalogue> catalogue, MediaHosts hosts,
                                 Predicate<MediaFacts> test);
std::unique_ptr<Rows> product_rows(std::shared_ptr<const Catalogue> catalogue, MediaHosts hosts,
                                   Predicate<ProductFacts> test);

// How a listing lies (a fault): what it says and what it holds.
enum class ListingLie { none, empty, half, half_with_full_total };

class Listing {
 public:
  Listing(std::unique_ptr<Rows> rows, Sorting sorting, bool descending, ListingLie lie);

  std::uint64_t rows() const { return rows_held_; }  // that a stream will have
  std::string page(std::uint64_t number, std::uint64_t size) const;

  // The next lines of the stream, about 64 KB; false: there are none, nothing was appended.
  bool next_lines(std::string& out);

 private:
  std::uint32_t item_at(std::uint32_t position) const;

  std::unique_ptr<Rows> rows_;
  bool descending_;
  std::vector<std::uint32_t> order_;  // empty: in the order of the ids
  std::uint64_t total_said_ = 0, rows_held_ = 0;
  std::uint32_t position_ = 0;  // of the stream
  std::uint64_t index_ = 0;     // of the stream's next line
};

constexpr std::uint64_t kQueryTotalMax = 10'000;

}  // namespace medimirror::sandbox
