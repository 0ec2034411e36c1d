// Whatever is served under a picture's name: the walk over its container ends and stays in bounds, and what it takes is
// within the limits.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "image/header.h"
#include "image/media_type.h"

namespace {

using namespace medimirror;

void demand(bool holds) {
  if (!holds) std::abort();
}

void look(std::string_view bytes, const Limits& limits) {
  const auto verdict = inspect_header(bytes, limits);
  if (const auto* rejection = std::get_if<Rejection>(&verdict)) {
    demand(!rejection->detail.empty());
    demand(!name_of(rejection->reason).empty());
    return;
  }
  const auto& info = std::get<ImageInfo>(verdict);
  demand(info.width > 0 && info.height > 0 && info.pages > 0);
  demand(info.format == detect_format(bytes));
  demand(!exceeds(info, limits));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  look(bytes, {});
  look(bytes, {.bytes_max = 4096, .pixels_max = 1000, .pages_max = 2, .side_max = 100});
  return 0;
}
