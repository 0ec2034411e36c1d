// Role: what a view came to, in counts: the plan makes it, the index keeps it, the report tells it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace medimirror {

struct ViewSummary {
  std::string name;
  std::uint64_t files = 0;
  std::uint64_t products = 0;            // that have files in it
  std::uint64_t without_code = 0;        // products with pictures for it, and without the code it is named by
  std::uint64_t without_derivative = 0;  // pictures of which the derivative could not be made yet
  std::uint64_t near_duplicates = 0;     // pictures that look like a better one: hidden, or reported
  std::uint64_t over_limit = 0;          // pictures beyond max_per_product
  std::uint64_t clashes = 0;             // files that got no path
  bool near_are_hidden = false;
  std::vector<std::string> codeless = {};  // ids of the first few products without the code
  std::vector<std::string> alike = {};  // the first few near-duplicates: "media 3 like media 1 of product M2"
  bool operator==(const ViewSummary&) const = default;
};

}  // namespace medimirror
