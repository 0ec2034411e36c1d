// Role: the filter language of the service, really evaluated: JSON -> a test over the facts of a medium or a
// product.
// Failure: what the service would refuse is a list of violations, each with the path of the key
// ("filter.and[0].type").
// Not here: sorting and pages (listing_request).
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/catalogue.h"

namespace medimirror::sandbox {

struct Violation {
  std::string path, message;
};

template <typename Facts>
using Predicate = std::function<bool(const Facts&)>;

// What every test must know besides the facts: `now` decides on `available`.
struct FilterContext {
  const Catalogue* catalogue = nullptr;  // must outlive the test
  UnixSeconds now = 0;
};

Predicate<MediaFacts> parse_media_filter(const nlohmann::json& filter, const FilterContext& context,
                                         std::vector<Violation>& violations);
Predicate<ProductFacts> parse_product_filter(const nlohmann::json& filter, const FilterContext& context,
                                             std::vector<Violation>& violations);

}  // namespace medimirror::sandbox
