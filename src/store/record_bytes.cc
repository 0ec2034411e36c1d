#include "store/record_bytes.h"

#include <xxhash.h>

namespace medimirror {

std::uint64_t check_of(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::uint32_t short_check_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(check_of(bytes));
}

}  // namespace medimirror
