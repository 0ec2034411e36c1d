#include "tree/view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/sha256.h"

namespace medimirror {

std::string fingerprint(const ViewSet& set) {
  if (set.views.empty()) return {};
  std::string text = "v1";
  for (const View& view : set.views)
    text +=
        fmt::format(" [{} {} {} {}={:016x} {} {} {}]", view.name, view.path.text(), view.format,
                    view.recipe ? view.recipe->name : "", view.recipe ? view.recipe->key() : 0,
                    fmt::join(view.pick, ","), view.max_per_product, static_cast<int>(view.near_duplicates));
  if (set.products) {
    Sha256 hash;
    for (const std::string& id : *set.products) {
      hash.update(id);
      hash.update(std::string_view("\n", 1));
    }
    text += fmt::format(" products={}:{}", set.products->size(), hash.finish().hex());
  }
  return text;
}

std::optional<std::size_t> pick_rank(const std::vector<std::string>& pick, const Pickable& picture) {
  if (pick.empty()) return picture.kind == MediaKind::frontal ? 0 : 1;
  // a picture that does not say its kind is a photo: the service leaves the type out at times
  const MediaKind kind = picture.kind == MediaKind::unknown ? MediaKind::photo : picture.kind;
  for (std::size_t rank = 0; rank < pick.size(); ++rank)
    if (pick[rank] == name_of(kind) || (!picture.photo_type.empty() && pick[rank] == picture.photo_type))
      return rank;
  return std::nullopt;
}

}  // namespace medimirror
