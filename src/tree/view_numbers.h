// Role: which number each picture of a product has in a view. Pure.
// Rule: a picture keeps its number as long as it is in the view, whatever comes or goes around it. A new one gets the
// smallest number that nobody has. The number of a picture that left stays its own for the grace period: it gets it back
// when it returns, and nobody else gets it before.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/media.h"
#include "store/view_number.h"

namespace medimirror {

struct Numbering {
  std::vector<std::uint32_t> numbers;                                  // of `shown`, in its order
  std::vector<std::pair<MediaId, std::optional<ViewNumber>>> changes;  // nothing: forgotten
};

// `known`: what the index has of the product in this view. `shown`: the pictures it shows, the first to be numbered
// first. `reserved`: those it does not show now but whose numbers, if they have any, stay theirs.
Numbering number_pictures(std::span<const std::pair<MediaId, ViewNumber>> known,
                          std::span<const MediaId> shown, std::span<const MediaId> reserved, UnixSeconds now,
                          UnixSeconds grace);

}  // namespace medimirror
