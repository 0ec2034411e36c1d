// Role: the fixed files of the gallery's site, embedded into the program at build time.
// Place: the source of truth is src/gallery/assets/, readable as it is; embed_assets.cmake makes the C++ of it.
#pragma once

#include <span>
#include <string_view>

namespace medimirror {

struct GalleryAsset {
  std::string_view name, content;
};
std::span<const GalleryAsset> gallery_assets();

}  // namespace medimirror
