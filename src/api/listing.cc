#include "api/listing.h"

#include <fmt/format.h>

#include "api/item_parser.h"

namespace medimirror {

std::optional<MediaItem> ListedItem::media() const {
  return parse_media_item(json);
}

std::optional<Product> ListedItem::product() const {
  return parse_product(json);
}

const BadPlaces& Listing::bad_places() const {
  static const BadPlaces none;
  return none;
}

std::string ending_of(const Listing& listing) {
  switch (listing.state()) {
    case Listing::State::holed:
      return fmt::format("the listing has holes: {}", listing.cut_reason());
    case Listing::State::shifted:
      return fmt::format("the listing moved while it was walked: {}", listing.cut_reason());
    default:
      return fmt::format("the listing was cut short: {}", listing.cut_reason());
  }
}

}  // namespace medimirror
