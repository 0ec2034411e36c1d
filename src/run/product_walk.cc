#include "run/product_walk.h"

#include <algorithm>
#include <unordered_set>

#include "base/error.h"
#include "store/grouped_writes.h"

namespace medimirror {

namespace {

constexpr std::size_t kChangesPerGroup = 1'000;

class ProductWalk {
 public:
  ProductWalk(Index& index, RunReport::Products& report)
      : index_(index), view_(index.view()), report_(report) {}

  void absorb(const std::vector<ListedItem>& batch) {
    for (const ListedItem& item : batch) {
      if (!seen_.insert(item.fingerprint.low).second)
        continue;  // walked again after it broke off, or of two filters
      ++report_.listed;
      if (view_.product_listed_as(item.fingerprint)) {
        ++report_.unchanged;
        continue;
      }
      std::optional<Product> product = item.product();
      if (!product || product->id.size() > kProductIdBytesMax) {
        ++report_.malformed;
        continue;
      }
      changed_.push_back({std::move(*product), item.fingerprint});
      if (changed_.size() >= kChangesPerGroup) keep();
    }
  }

  void keep() {
    if (changed_.empty()) return;
    IndexGroup group = index_.group();
    for (const ProductRecord& record : changed_) group.put_product(record);
    group.commit();
    report_.changed += changed_.size();
    changed_.clear();
    view_.renew();
  }

  // Of a complete listing: what it did not name is no product any more.
  void remove_absent() {
    std::vector<std::string> absent;
    view_.renew();
    view_.each_product([&](const ProductRecord& record) {
      if (!seen_.contains(record.fingerprint.low)) absent.push_back(record.product.id);
      return true;
    });
    GroupedWrites writes(index_);
    for (const std::string& id : absent) writes.next().remove_product(id);
    writes.commit();
    report_.removed = absent.size();
  }

 private:
  Index& index_;
  IndexView view_;
  RunReport::Products& report_;
  std::unordered_set<std::uint64_t>
      seen_;  // half a fingerprint each: a clash would only keep a product a while longer
  std::vector<ProductRecord> changed_;
};

void report_on(const Listing& listing, RunReport::Products& report) {
  const bool shifted = listing.state() == Listing::State::shifted;
  if (listing.state() != Listing::State::complete) {
    report.complete = false;
    report.shifted = shifted && (report.cut_reason.empty() || report.shifted);
    report.cut_reason = listing.cut_reason();
  }
  report.by = listed_by(listing.mode());
  report.total += listing.total().value_or(0);
  report.malformed += listing.malformed();
  report.requests += listing.requests();
}

void walk_one(Listing& listing, ProductWalk& walk, const Wire& wire, RunReport::Products& report) {
  try {
    drive(listing, wire, [&](const std::vector<ListedItem>& batch) { walk.absorb(batch); });
    walk.keep();
  } catch (const Error&) {
    report_on(listing, report);
    report.complete = false;
    throw;
  }
  report_on(listing, report);
}

}  // namespace

std::optional<UnixSeconds> list_products_into_index(const std::vector<std::string>& filters,
                                                    ProductsNamed named,
                                                    const MakeProductListing& make_listing, const Wire& wire,
                                                    Index& index, RunReport::Products& report) {
  std::optional<UnixSeconds> server_date;
  ProductWalk walk(index, report);
  report.complete = true;
  for (const std::string& filter : filters) {
    const std::unique_ptr<Listing> listing = make_listing(filter);
    walk_one(*listing, walk, wire, report);
    if (!server_date) server_date = listing->server_date();
    // past one with holes the others are listed all the same
    if (listing->state() == Listing::State::cut || listing->state() == Listing::State::running)
      return server_date;
  }
  if (report.complete && named == ProductsNamed::all) walk.remove_absent();
  return server_date;
}

}  // namespace medimirror
