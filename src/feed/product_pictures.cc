#include "feed/product_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "feed/picture_address.h"

namespace medimirror {

namespace {

// A code and an id for each product, in one string: two hundred thousand of them are walked in 8 MB.
class Places {
 public:
  void add(const Product& product, ShopCode kind) {
    const std::string code = shop_code(product, kind);
    places_.push_back({text_.size(), static_cast<std::uint32_t>(code.size()),
                       static_cast<std::uint16_t>(product.id.size()), product.status != "active"});
    text_ += code;
    text_ += product.id;
  }

  void sort() {
    std::ranges::sort(places_, {}, [this](const Place& place) {
      return std::tuple(code(place), place.is_inactive, id(place));
    });
  }

  void each(const std::function<void(std::string_view code, std::string_view id)>& callback) const {
    for (const Place& place : places_) callback(code(place), id(place));
  }

 private:
  struct Place {
    std::size_t at = 0;
    std::uint32_t code_bytes = 0;
    std::uint16_t id_bytes = 0;  // at most kProductIdBytesMax
    bool is_inactive = false;
  };

  std::string_view code(const Place& place) const {
    return std::string_view(text_).substr(place.at, place.code_bytes);
  }
  std::string_view id(const Place& place) const {
    return std::string_view(text_).substr(place.at + place.code_bytes, place.id_bytes);
  }

  std::string text_;
  std::vector<Place> places_;
};

Places places_of(const PictureSelection& selection, const IndexReader& index) {
  Places places;
  if (selection.products) {
    for (const std::string& id : *selection.products)
      if (const auto record = index.product(id)) places.add(record->product, selection.code);
  } else {
    index.each_product([&](const ProductRecord& record) {
      places.add(record.product, selection.code);
      return true;
    });
  }
  if (!selection.by_id) places.sort();
  return places;
}

std::string name_of(const Product& product, const PictureSelection& selection) {
  for (const std::string& locale : selection.locales)
    for (const auto& [given, name] : product.names)
      if (given == locale) return name;
  if (selection.any_locale && !product.names.empty()) return product.names.front().second;
  return {};
}

std::vector<MediaId> media_in_order(const Product& product) {
  std::vector<ProductMedia> media = product.media;
  std::ranges::stable_sort(media, {}, [](const ProductMedia& one) {
    return one.display_order.value_or(std::numeric_limits<std::int64_t>::max());
  });
  std::vector<MediaId> ids;
  std::set<MediaId> seen;  // a photo may be listed again as a frontal
  for (const ProductMedia& one : media)
    if (seen.insert(one.id).second) ids.push_back(one.id);
  return ids;
}

ImageInfo info_of(const IndexReader& index, const AssetKey& key, const Digest& digest) {
  const auto blob = index.blob(digest);
  if (!blob)
    throw Error(ErrorKind::index,
                fmt::format("the index has no record of the bytes of media {} ({}); run `medimirror rebuild`",
                            key.media, key.format),
                "read the published pictures");
  return blob->info;
}

// The file of this medium that is exported. A view may publish one for each code of a product: they show the same, and
// the one under the shop's own code is taken. A view whose paths name no product has one file for all of them.
std::optional<std::pair<AssetKey, PublishedRecord>> file_of(MediaId id, const FeedProduct& product,
                                                            const PictureSelection& selection,
                                                            const IndexReader& index) {
  if (selection.view.empty()) {
    AssetKey key{id, selection.publication};
    auto published = index.published(key);
    if (!published) return std::nullopt;
    return std::pair{std::move(key), std::move(*published)};
  }
  const std::string base = selection.view + "/" + product.product.id;
  const std::string of_no_product = selection.view + "/";
  std::optional<std::pair<AssetKey, PublishedRecord>> found;
  for (auto& [format, published] : index.published_of(id)) {
    const bool is_of_code = format.starts_with(base + "/");
    if (format != base && format != of_no_product && !is_of_code) continue;
    const bool is_best = !is_of_code || format == base + "/" + product.code;
    if (!found || is_best) found = {AssetKey{id, format}, std::move(published)};
    if (is_best) break;
  }
  return found;
}

std::vector<FeedPicture> pictures_of(const FeedProduct& product, const PictureSelection& selection,
                                     const IndexReader& index) {
  std::vector<FeedPicture> pictures;
  for (const MediaId id : media_in_order(product.product)) {
    auto file = file_of(id, product, selection, index);
    if (!file) continue;
    FeedPicture picture;
    picture.media = id;
    picture.info = info_of(index, file->first, file->second.digest);
    picture.url = picture_address(selection.base_url, file->second.path);
    picture.file = std::move(file->second);
    if (selection.with_media)
      if (const auto item = index.media(id)) {
        picture.kind = medimirror::name_of(item->kind);
        picture.photo_type = item->photo_type;
      }
    pictures.push_back(std::move(picture));
  }
  if (selection.view.empty()) return pictures;
  std::map<MediaId, std::uint32_t> numbers;
  for (const auto& [id, number] : index.view_numbers(selection.view, product.product.id))
    numbers.emplace(id, number.number);
  std::ranges::stable_sort(pictures, {}, [&](const FeedPicture& picture) {
    const auto number = numbers.find(picture.media);
    return number == numbers.end() ? std::numeric_limits<std::uint32_t>::max() : number->second;
  });
  return pictures;
}

}  // namespace

std::string shop_code(const Product& product, ShopCode kind) {
  std::string ean = product.eans.empty() ? std::string() : product.eans.front();
  switch (kind) {
    case ShopCode::cnk:
      return product.cnk;
    case ShopCode::ean:
      return ean;
    case ShopCode::medipim_id:
      return product.id;
    case ShopCode::any:
      return !product.cnk.empty() ? product.cnk : !ean.empty() ? ean : product.id;
  }
  return {};
}

void each_product_with_pictures(const PictureSelection& selection, const IndexReader& index,
                                const std::function<void(FeedProduct&)>& callback) {
  places_of(selection, index).each([&](std::string_view code, std::string_view id) {
    auto record = index.product(id);
    if (!record) return;
    FeedProduct product;
    product.code = code;
    product.product = std::move(record->product);
    product.name = name_of(product.product, selection);
    product.pictures = pictures_of(product, selection, index);
    callback(product);
  });
}

}  // namespace medimirror
