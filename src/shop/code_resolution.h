// Role: codes -> products -> media, by what the index knows.
// Place: sync asks for the media to mirror; the missing list asks for each code's products.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/media.h"
#include "shop/code_list.h"
#include "store/index.h"

namespace medimirror {

// The ids of the products that a code stands for; an EAN may be shared by several. Ascending.
std::vector<std::string> products_of(const AskedCode& code, const IndexReader& index);

struct CodeResolution {
  std::vector<MediaId> media;         // ascending, each once
  std::vector<std::string> products;  // ids, ascending, each once
  std::uint64_t found = 0;            // codes that name at least one product
};

CodeResolution resolve_codes(std::span<const AskedCode> codes, const IndexReader& index);

}  // namespace medimirror
