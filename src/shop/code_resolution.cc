#include "shop/code_resolution.h"

#include <algorithm>

namespace medimirror {

std::vector<std::string> products_of(const AskedCode& code, const IndexReader& index) {
  if (code.kind != CodeKind::product_id) return index.products_of_code(code.text);
  return index.product(code.text) ? std::vector{code.text} : std::vector<std::string>{};
}

CodeResolution resolve_codes(std::span<const AskedCode> codes, const IndexReader& index) {
  CodeResolution resolution;
  for (const AskedCode& code : codes) {
    const std::vector<std::string> ids = products_of(code, index);
    if (!ids.empty()) ++resolution.found;
    for (const std::string& id : ids)
      if (const std::optional<ProductRecord> record = index.product(id)) {
        resolution.products.push_back(id);
        for (const ProductMedia& media : record->product.media) resolution.media.push_back(media.id);
      }
  }
  std::ranges::sort(resolution.products);
  resolution.products.erase(std::ranges::unique(resolution.products).begin(), resolution.products.end());
  std::ranges::sort(resolution.media);
  resolution.media.erase(std::ranges::unique(resolution.media).begin(), resolution.media.end());
  return resolution;
}

}  // namespace medimirror
