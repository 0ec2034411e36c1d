// Role: one object of the service's JSON -> MediaItem or Product; tolerant by table. Pure.
// Failure: nothing, where the object is none of the kind.
// Place: in api/ alone; outside, a ListedItem is asked (listing.h).
#pragma once

#include <optional>
#include <string_view>

#include "base/media.h"

namespace medimirror {

std::optional<MediaItem> parse_media_item(std::string_view json);
std::optional<Product> parse_product(std::string_view json);

}  // namespace medimirror
