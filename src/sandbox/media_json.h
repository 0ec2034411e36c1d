// Role: a media item and a product as the service writes them, with the oddities of shape.
#pragma once

#include <optional>

#include "sandbox/catalogue.h"
#include "sandbox/json_text.h"
#include "sandbox/media_url.h"

namespace medimirror::sandbox {

// `display_order` is set where a product lists the item.
void write_media(JsonText& json, const Catalogue& catalogue, const MediaHosts& hosts, const MediaFacts& facts,
                 std::optional<int> display_order);

void write_product(JsonText& json, const Catalogue& catalogue, const MediaHosts& hosts,
                   const ProductFacts& facts);

// The names of a product, as write_product writes them: (locale, name). The search filter reads them too.
std::vector<std::pair<std::string_view, std::string>> product_names(const ProductFacts& facts, bool oddities);
std::string brand_name(std::uint32_t brand);

}  // namespace medimirror::sandbox
