#include "sandbox/listing.h"

#include <algorithm>
#include <numeric>

namespace medimirror::sandbox {
namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;

class MediaRows final : public Rows {
 public:
  MediaRows(std::shared_ptr<const Catalogue> catalogue, MediaHosts hosts, Predicate<MediaFacts> test)
      : catalogue_(std::move(catalogue)), hosts_(std::move(hosts)), test_(std::move(test)) {}

  std::uint32_t items() const override { return catalogue_->media_count(); }

  int matching(std::uint32_t item) const override {
    int count = 0;
    for (int line = 0; line < catalogue_->lines(item); ++line)
      if (test_(catalogue_->media(item, line))) ++count;
    return count;
  }

  UnixSeconds touched_at(std::uint32_t item) const override { return catalogue_->media(item).updated_at; }

  void write(std::uint32_t item, int nth, JsonText& json) const override {
    for (int line = 0; line < catalogue_->lines(item); ++line) {
      const MediaFacts facts = catalogue_->media(item, line);
      if (test_(facts) && nth-- == 0) return write_media(json, *catalogue_, hosts_, facts, std::nullopt);
    }
  }

 private:
  std::shared_ptr<const Catalogue> catalogue_;
  MediaHosts hosts_;
  Predicate<MediaFacts> test_;
};

class ProductRows final : public Rows {
 public:
  ProductRows(std::shared_ptr<const Catalogue> catalogue, MediaHosts hosts, Predicate<ProductFacts> test)
      : catalogue_(std::move(catalogue)), hosts_(std::move(hosts)), test_(std::move(test)) {}

  std::uint32_t items() const override { return catalogue_->product_count(); }
  int matching(std::uint32_t item) const override { return test_(catalogue_->product(item)) ? 1 : 0; }
  UnixSeconds touched_at(std::uint32_t item) const override { return catalogue_->product(item).updated_at; }
  void write(std::uint32_t item, int, JsonText& json) const override {
    write_product(json, *catalogue_, hosts_, catalogue_->product(item));
  }

 private:
  std::shared_ptr<const Catalogue> catalogue_;
  MediaHosts hosts_;
  Predicate<ProductFacts> test_;
};

std::vector<std::uint32_t> by_touched_at(const Rows& rows) {
  std::vector<UnixSeconds> touched(rows.items());
  for (std::uint32_t item = 0; item < rows.items(); ++item) touched[item] = rows.touched_at(item);
  std::vector<std::uint32_t> order(rows.items());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return touched[a] < touched[b]; });
  return order;
}

}  // namespace

std::unique_ptr<Rows> media_rows(std::shared_ptr<const Catalogue> catalogue, MediaHosts hosts,
                                 Predicate<MediaFacts> test) {
  return std::make_unique<MediaRows>(std::move(catalogue), std::move(hosts), std::move(test));
}

std::unique_ptr<Rows> product_rows(std::shared_ptr<const Catalogue> catalogue, MediaHosts hosts,
                                   Predicate<ProductFacts> test) {
  return std::make_unique<ProductRows>(std::move(catalogue), std::move(hosts), std::move(test));
}

Listing::Listing(std::unique_ptr<Rows> rows, Sorting sorting, bool descending, ListingLie lie)
    : rows_(std::move(rows)), descending_(descending) {
  if (sorting == Sorting::touched_at) order_ = by_touched_at(*rows_);
  std::uint64_t total = 0;
  if (lie != ListingLie::empty)
    for (std::uint32_t item = 0; item < rows_->items(); ++item)
      total += static_cast<std::uint64_t>(rows_->matching(item));
  const bool half = lie == ListingLie::half || lie == ListingLie::half_with_full_total;
  rows_held_ = half ? total / 2 : total;
  total_said_ = lie == ListingLie::half_with_full_total ? total : rows_held_;
}

std::uint32_t Listing::item_at(std::uint32_t position) const {
  if (descending_) position = rows_->items() - 1 - position;
  return order_.empty() ? position : order_[position];
}

std::string Listing::page(std::uint64_t number, std::uint64_t size) const {
  const std::uint64_t offset = number * size;
  const std::uint64_t end = std::min({offset + size, kQueryTotalMax, rows_held_});
  std::string out;
  JsonText json(out);
  json.open_object();
  json.key("meta");
  json.open_object();
  json.member("total", static_cast<std::int64_t>(std::min(total_said_, kQueryTotalMax)));
  json.key("page");
  json.open_object();
  json.member("no", static_cast<std::int64_t>(number));
  json.member("offset", static_cast<std::int64_t>(offset));
  json.member("size", static_cast<std::int64_t>(size));
  json.close_object();
  json.close_object();
  json.key("results");
  json.open_array();
  std::uint64_t row = 0;
  for (std::uint32_t position = 0; row < end && position < rows_->items(); ++position) {
    const std::uint32_t item = item_at(position);
    const int count = rows_->matching(item);
    for (int nth = 0; nth < count; ++nth, ++row)
      if (row >= offset && row < end) rows_->write(item, nth, json);
  }
  json.close_array();
  json.close_object();
  return out;
}

bool Listing::next_lines(std::string& out) {
  const std::size_t start = out.size();
  while (index_ < rows_held_ && position_ < rows_->items() && out.size() - start < kChunkBytes) {
    const std::uint32_t item = item_at(position_++);
    const int count = rows_->matching(item);
    for (int nth = 0; nth < count && index_ < rows_held_; ++nth) {
      JsonText json(out);
      json.open_object();
      json.key("meta");
      json.open_object();
      json.member("total", static_cast<std::int64_t>(total_said_));
      json.member("index", static_cast<std::int64_t>(index_++));
      json.close_object();
      json.key("result");
      rows_->write(item, nth, json);
      json.close_object();
      out += '\n';
    }
  }
  return out.size() > start;
}

}  // namespace medimirror::sandbox
