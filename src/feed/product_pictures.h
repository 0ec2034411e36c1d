// Role: products with their published pictures, in the order of their codes: the join that every import file is made of.
// Place: feed walks it. Reads one snapshot of the index, so that a sync may run meanwhile.
// Order: by code, then active products first, then by Medipim id. Pictures of the main tree stand in the order that the
// product gives them (displayOrder, those without one last), those of a view in the order of their numbers.
// Limits: memory is a code and an id for each product (about 40 bytes), and one product with its pictures.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/image.h"
#include "base/media.h"
#include "store/index.h"

namespace medimirror {

// Which of a product's codes the shop knows it by. any: CNK, else the first EAN, else the Medipim id.
enum class ShopCode { cnk, ean, medipim_id, any };

struct PictureSelection {
  std::string base_url;     // as checked_base_url gives it
  std::string publication;  // of the main tree: a format, or a derivative's name
  std::string view;         // not empty: the files of this view instead
  ShopCode code = ShopCode::cnk;
  std::vector<std::string> locales;                  // of names: the first that the product has
  bool any_locale = true;                            // else a product without a name in them has none
  std::optional<std::vector<std::string>> products;  // only these Medipim ids; ascending
  bool with_media = false;                           // read photo types too
  bool by_id = false;                                // in the order of Medipim ids, not of codes
};

struct FeedPicture {
  MediaId media = 0;
  std::string kind, photo_type;  // with_media only
  PublishedRecord file;
  ImageInfo info;
  std::string url;
};

struct FeedProduct {
  std::string code;  // empty where it has none of the kind asked for
  Product product;
  std::string name;
  std::vector<FeedPicture> pictures;
};

std::string shop_code(const Product& product, ShopCode kind);

// The callback may move from its argument.
void each_product_with_pictures(const PictureSelection& selection, const IndexReader& index,
                                const std::function<void(FeedProduct&)>& callback);

}  // namespace medimirror
