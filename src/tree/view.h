// Role: a view: a second published tree over the same blobs, named by what a shop knows (product codes) and showing of
// each product what the shop wants. Values, and the order in which a view prefers pictures. Pure.
// Place: cli makes them from [[view]], view_plan says which files they have.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/image.h"
#include "base/media.h"
#include "tree/view_path.h"

namespace medimirror {

struct View {
  enum class NearDuplicates { keep, hide, report };

  std::string name;  // the folder in media/
  ViewPath path;
  std::string format;            // whose pictures: one of the formats that are mirrored
  std::optional<Recipe> recipe;  // show this derivative of them; nothing: the pictures themselves
  std::vector<std::string> pick =
      {};  // kinds and photo types, the most wanted first; empty: all, frontals first
  std::size_t max_per_product = 0;  // 0: no limit
  NearDuplicates near_duplicates = NearDuplicates::keep;
};

struct ViewSet {
  std::vector<View> views;
  // Only these products, ascending by id; nothing: all.
  std::optional<std::vector<std::string>> products = {};
  UnixSeconds grace = 0;  // how long the number of a picture that left stays its own
};

// Differs when the same catalogue could be shown differently.
std::string fingerprint(const ViewSet& set);

// What a view looks at when it chooses among the pictures of a product.
struct Pickable {
  MediaKind kind = MediaKind::unknown;
  std::string_view photo_type;
};

// The place of a picture in `pick`; nothing: the view does not want it.
std::optional<std::size_t> pick_rank(const std::vector<std::string>& pick, const Pickable& picture);

}  // namespace medimirror
