#include "gallery/picture.h"

#include <algorithm>
#include <set>

namespace medimirror {

namespace {

// A derivative smaller than this is a pictogram: too coarse for a card.
constexpr std::uint32_t kThumbnailSideMin = 120;

PictureState state_of(AssetState state) {
  switch (state) {
    case AssetState::held:
      return PictureState::held;
    case AssetState::wanted:
      return PictureState::wanted;
    case AssetState::failed:
      return PictureState::failed;
    case AssetState::retired:
      return PictureState::retired;
  }
  return PictureState::wanted;
}

int attention(PictureState state) {
  switch (state) {
    case PictureState::failed:
      return 5;
    case PictureState::wanted:
      return 4;
    case PictureState::held:
      return 3;
    case PictureState::retired:
      return 2;
    case PictureState::link:
    case PictureState::not_selected:
      return 1;
  }
  return 0;
}

Thumbnail thumbnail_of(const PublishedRecord& published, const BlobRecord& blob) {
  return {published.path, blob.info.width, blob.info.height};
}

std::uint64_t pixels(const Thumbnail& thumbnail) {
  return std::uint64_t{thumbnail.width} * thumbnail.height;
}

}  // namespace

std::string_view name_of(PictureState state) {
  switch (state) {
    case PictureState::held:
      return "held";
    case PictureState::wanted:
      return "wanted";
    case PictureState::failed:
      return "failed";
    case PictureState::retired:
      return "retired";
    case PictureState::link:
      return "link";
    case PictureState::not_selected:
      return "not_selected";
  }
  return "";
}

PictureState Picture::state() const {
  PictureState state = item.kind == MediaKind::link ? PictureState::link : PictureState::not_selected;
  for (const Asset& asset : assets) {
    const PictureState other = state_of(asset.record.state);
    if (attention(other) > attention(state)) state = other;
  }
  return state;
}

std::vector<std::string> Picture::problems() const {
  std::set<std::string> problems;
  for (const Asset& asset : assets) {
    const AssetRecord& record = asset.record;
    if (record.state == AssetState::failed)
      problems.insert(record.attempts.empty() ? "unknown" : record.attempts.back().outcome);
    if (record.to_fetch() && record.digest) problems.insert("older_picture");
    if (record.source_format != asset.format && record.state != AssetState::retired)
      problems.insert("other_format");
    if (asset.blob && !asset.blob->info.note.empty()) problems.insert("oddity");
  }
  if (is_placeholder)
    problems.insert("placeholder");
  else if (is_duplicate)
    problems.insert("duplicate");
  return {problems.begin(), problems.end()};
}

std::optional<Thumbnail> Picture::thumbnail() const {
  std::optional<Thumbnail> best;
  for (const Derivative& derivative : derivatives) {
    if (!derivative.blob) continue;
    const Thumbnail candidate = thumbnail_of(derivative.published, *derivative.blob);
    if (std::max(candidate.width, candidate.height) < kThumbnailSideMin) continue;
    if (!best || pixels(candidate) < pixels(*best)) best = candidate;
  }
  if (best) return best;
  for (const Asset& asset : assets) {
    if (!asset.published || !asset.blob) continue;
    const Thumbnail candidate = thumbnail_of(*asset.published, *asset.blob);
    if (!best || pixels(candidate) < pixels(*best)) best = candidate;
  }
  return best;
}

std::string Picture::name() const {
  for (const Product& product : products)
    for (const auto& [locale, name] : product.names)
      if (!name.empty()) return name;
  return "";
}

Picture read_picture(const IndexReader& index, MediaItem item) {
  Picture picture;
  const MediaId id = item.id;
  picture.item = std::move(item);
  for (auto& [format, record] : index.assets_of(id)) {
    Picture::Asset asset{format, std::move(record), {}, {}};
    if (asset.record.digest) asset.blob = index.blob(*asset.record.digest);
    picture.assets.push_back(std::move(asset));
  }
  for (auto& [format, published] : index.published_of(id)) {
    const auto asset = std::ranges::find(picture.assets, format, &Picture::Asset::format);
    if (asset != picture.assets.end()) {
      asset->published = std::move(published);
      continue;
    }
    std::optional<BlobRecord> blob = index.blob(published.digest);
    picture.derivatives.push_back({format, std::move(published), std::move(blob)});
  }
  for (const std::string& product_id : index.products_of_media(id)) {
    if (picture.products.size() == kProductsShown) break;
    if (auto product = index.product(product_id)) picture.products.push_back(std::move(product->product));
  }
  return picture;
}

}  // namespace medimirror
