// Role: the stand-in catalogue: a pure function from (seed, number, overlay) to facts. Nothing is stored per
// item, so a million items cost no memory, and the same command line gives the same catalogue everywhere.
// Place: listings, filters, media files and the truth for tests all ask here; the JSON is written in
// media_json and product_json.
// Threads: a Catalogue is an immutable snapshot; any number of threads. Oddities: each is at a fixed number
// in every 200 items (see `oddity_of`), so all are there from 200 media on.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "sandbox/overlay.h"

namespace medimirror::sandbox {

struct CatalogueOptions {
  std::uint32_t media = 1000;
  std::uint32_t products = 300;
  std::uint64_t seed = 1;
  bool oddities = true;
  std::uint32_t same_picture = 0;  // the first so many media are photos with equal bytes
};

enum class Role : std::uint8_t { photo, frontal, link };

enum class Oddity : std::uint8_t {
  none,
  photo_and_frontal,  // two lines with one id, one after the other
  equal_picture,      // five items, one picture
  link,               // links are also spread over the catalogue; these are links for certain
  expired_link,
  missing_type,
  id_as_text,
  formats_as_objects,  // [{"huge": url}, {"large": url}]
  formats_as_pairs,    // [{"name": "huge", "url": url}]
  null_format,
  empty_format,
  no_huge,
  only_thumbnail,
  empty_formats,
  null_formats,
  unknown_keys,
  sides_list,
  sides_text,
  sides_null,
  locales_text,
  locales_null,
  times_text,
  times_null,
  no_meta,
  unpublished,
  query_in_url,
  dotted_path,      // media/huge/../huge/x.jpeg
  webp_named_jpeg,  // another kind of file than the name says
  not_square,
  count_,
};
std::string_view name_of(Oddity oddity);

inline constexpr std::string_view kTargetGroups[] = {"public",   "pharmacist", "doctor",          "homecare",
                                                     "hospital", "nurse",      "physiotherapist", "webshop"};
inline constexpr std::string_view kPhotoTypes[] = {"packshot", "productshot", "pillshot", "lifestyle_image"};
inline constexpr std::string_view kLinkTypes[] = {"app", "brochure", "video", "website"};
inline constexpr std::string_view kLocales[] = {"nl", "fr", "en", "de"};

struct MediaFacts {
  MediaIndex index = 0;
  std::uint64_t id = 0;
  Role role = Role::photo;
  Oddity oddity = Oddity::none;
  std::uint64_t dice = 0;  // what is only a matter of shape is drawn from here
  int photo_type = 0;      // into kPhotoTypes; links: into kLinkTypes
  bool published = true;
  std::uint32_t organization = 0;
  std::uint32_t target_groups = 0;  // bits into kTargetGroups
  std::uint32_t locales = 0;        // bits into kLocales
  UnixSeconds created_at = 0, updated_at = 0;
  UnixSeconds available_from = 0, available_until = 0;  // 0: open
  std::uint32_t generation = 0, query_revision = 0;
};

std::string organization_id(std::uint32_t organization);  // "O0012"

struct ProductFacts {
  ProductIndex index = 0;
  std::string id;  // "M1A2B3C4D5"
  std::uint64_t dice = 0;
  int status = 0;  // into kProductStatuses
  std::string cnk;
  std::vector<std::string> eans;
  std::uint32_t brand = 0, category = 0, family = 0, organization = 0;
  bool minimum_content = true;
  UnixSeconds created_at = 0, updated_at = 0;
  std::vector<MediaIndex> media;  // that still exist, in display order
};
inline constexpr std::string_view kProductStatuses[] = {"active", "inactive", "replaced", "no_selection"};

class Catalogue {
 public:
  Catalogue(const CatalogueOptions& options, std::shared_ptr<const Overlay> overlay);

  const CatalogueOptions& options() const { return options_; }
  std::uint64_t version() const { return overlay_->version; }

  std::uint32_t media_count() const {
    return options_.media + overlay_->added_media;
  }  // numbers, also of removed ones
  std::uint64_t media_id(MediaIndex index) const;
  std::optional<MediaIndex> media_index(std::uint64_t id) const;

  bool removed(MediaIndex index) const;
  int lines(MediaIndex index) const;  // in a listing: 1; 2 for photo and frontal; 0 when removed
  MediaFacts media(MediaIndex index, int line = 0) const;  // line 1 is the frontal of a photo-and-frontal
  std::uint32_t generation(MediaIndex index) const;
  UnixSeconds picture_changed_at(MediaIndex index, std::uint32_t generation) const;

  // Two pictures are equal exactly when these are.
  std::uint64_t picture_key(MediaIndex index, std::uint32_t generation, Role role) const;

  std::uint32_t product_count() const { return options_.products; }
  ProductFacts product(ProductIndex index) const;
  std::string product_id(ProductIndex index) const;
  std::optional<ProductIndex> product_index(std::string_view id) const;
  std::vector<MediaIndex> product_media(ProductIndex index) const;

 private:
  const MediaChange* change(MediaIndex index) const;

  CatalogueOptions options_;
  std::shared_ptr<const Overlay> overlay_;
};

// Pure. Items added by evolution, and everything with oddities off, are plain.
Oddity oddity_of(const CatalogueOptions& options, MediaIndex index);

}  // namespace medimirror::sandbox
