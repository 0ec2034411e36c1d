// Role: the products as the service lists them -> the index: new and changed ones are kept with their codes and
// media, absent ones leave.
// Place: sync calls it before the media pipeline, when the configuration needs products. It drives the listing
// itself; nothing else uses the transport meanwhile.
// Failure: throws what a Listing throws (auth, config, unavailable, network) and Error{index, disk}. A listing that
// breaks off or is stopped is a value: not complete; then what it named is kept and nothing leaves.
// Limits: memory is the products of one group of changes, and about 30 bytes for each product listed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/listing.h"
#include "report/run_report.h"
#include "run/listing_drive.h"
#include "store/index.h"

namespace medimirror {

// Makes the listing of one filter; the requests' window is shared through the ledger.
using MakeProductListing = std::function<std::unique_ptr<Listing>(const std::string& filter)>;

enum class ProductsNamed {
  all,  // the union of what the filters name is the whole: after all of them, what none named leaves the index
  changed,  // since an earlier listing: what is not named is as it was
};

// Fills `report` as it goes, so that it is true when a listing throws. Returns the service's time at the first answer.
std::optional<UnixSeconds> list_products_into_index(const std::vector<std::string>& filters,
                                                    ProductsNamed named,
                                                    const MakeProductListing& make_listing, const Wire& wire,
                                                    Index& index, RunReport::Products& report);

}  // namespace medimirror
