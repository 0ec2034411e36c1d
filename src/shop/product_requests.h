// Role: how to ask the service for the products of a list of codes with few requests. Pure.
// Rule: a filter takes at most 1000 identifiers, so a list costs a request for each thousand. That is cheaper than the
// one answer with all products (hundreds of megabytes in a large market) as long as it takes no more than a minute's
// worth of requests; beyond, all products are listed.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "shop/code_list.h"

namespace medimirror {

constexpr std::size_t kIdentifiersPerFilterMax = 1000;

struct ProductRequests {
  std::vector<std::string> filters;  // as JSON; one listing each
  bool everything = false;           // the one filter names all products
  std::string sentence;              // what will be asked, for people
};

std::string every_product_filter();

ProductRequests plan_product_requests(std::span<const AskedCode> codes, std::size_t requests_per_minute);

}  // namespace medimirror
