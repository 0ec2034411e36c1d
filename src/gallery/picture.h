// Role: everything that is known about one medium, gathered from the index, and what a person wants to know first:
// its state, its problems, which published file shows it small.
// Place: gallery reads one after the other and turns each into a card and a detail row. Pure but for the reads.
// Failure: throws what the index throws. A record that is not there (another run is at work) is left out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/media.h"
#include "store/index.h"

namespace medimirror {

// The state of a medium is that of its assets that wants most attention.
enum class PictureState { held, wanted, failed, retired, link, not_selected };
std::string_view name_of(PictureState state);

// A published file, small enough for a grid.
struct Thumbnail {
  std::string path;  // below media/
  std::uint32_t width = 0, height = 0;
};

// A placeholder may stand for thousands of products.
constexpr std::size_t kProductsShown = 20;

struct Picture {
  struct Asset {
    std::string format;
    AssetRecord record;
    std::optional<BlobRecord> blob;
    std::optional<PublishedRecord> published;
  };
  struct Derivative {
    std::string name;
    PublishedRecord published;
    std::optional<BlobRecord> blob;
  };

  MediaItem item;
  std::vector<Asset> assets;
  std::vector<Derivative> derivatives;
  std::vector<Product> products;  // that show it; the first kProductsShown
  // Of the report of duplicates: only who has all pictures at hand can tell.
  bool is_duplicate = false, is_placeholder = false;

  PictureState state() const;
  // Names of what is not as it should be, sorted: reasons of failures ("http_404"), "older_picture" (what is shown
  // was replaced upstream), "other_format" (the one asked for is not given), "oddity" (kept with a note), "duplicate",
  // "placeholder".
  std::vector<std::string> problems() const;
  std::optional<Thumbnail> thumbnail() const;
  std::string name() const;  // the first name of its first product; usually empty without products
};

Picture read_picture(const IndexReader& index, MediaItem item);

}  // namespace medimirror
