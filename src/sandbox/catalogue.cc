#include "sandbox/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <iterator>

#include "sandbox/mix.h"

namespace medimirror::sandbox {
namespace {

constexpr std::uint64_t kFirstMediaId = 100'000;
constexpr std::uint64_t kMediaIdStep = 7;         // one id in seven is used: ascending, with gaps
constexpr UnixSeconds kFirstDay = 1'388'534'400;  // 2014-01-01
constexpr UnixSeconds kLastDay = 1'751'328'000;   // 2025-07-01
constexpr MediaIndex kOddityPeriod = 200;
constexpr std::uint32_t kOrganizations = 40;

constexpr std::string_view kOddityNames[] = {"none",
                                             "photo_and_frontal",
                                             "equal_picture",
                                             "link",
                                             "expired_link",
                                             "missing_type",
                                             "id_as_text",
                                             "formats_as_objects",
                                             "formats_as_pairs",
                                             "null_format",
                                             "empty_format",
                                             "no_huge",
                                             "only_thumbnail",
                                             "empty_formats",
                                             "null_formats",
                                             "unknown_keys",
                                             "sides_list",
                                             "sides_text",
                                             "sides_null",
                                             "locales_text",
                                             "locales_null",
                                             "times_text",
                                             "times_null",
                                             "no_meta",
                                             "unpublished",
                                             "query_in_url",
                                             "dotted_path",
                                             "webp_named_jpeg",
                                             "not_square"};
static_assert(std::size(kOddityNames) == static_cast<std::size_t>(Oddity::count_));

constexpr MediaIndex kEqualFirst = 40;  // numbers 40 to 44 of every 200 show one picture
constexpr MediaIndex kEqualCount = 5;

std::uint32_t some_bits(Dice& dice, std::uint32_t count) {
  const auto bits = static_cast<std::uint32_t>(dice.next()) & ((1u << count) - 1);
  return bits == 0 ? 1u : bits;
}

Role draw_role(Dice& dice, Oddity oddity, bool plain_photo) {
  const std::uint32_t throw_ = dice.below(100);
  if (plain_photo) return Role::photo;
  switch (oddity) {
    case Oddity::none:
      return throw_ < 30 ? Role::frontal : throw_ < 33 ? Role::link : Role::photo;
    case Oddity::link:
    case Oddity::expired_link:
      return Role::link;
    case Oddity::formats_as_pairs:
    case Oddity::no_huge:
      return throw_ < 50 ? Role::frontal : Role::photo;
    default:
      return Role::photo;
  }
}

}  // namespace

std::string_view name_of(Oddity oddity) {
  return kOddityNames[static_cast<std::size_t>(oddity)];
}

std::string organization_id(std::uint32_t organization) {
  return fmt::format("O{:04}", organization + 1);
}

Oddity oddity_of(const CatalogueOptions& options, MediaIndex index) {
  if (!options.oddities || index >= options.media || index < options.same_picture) return Oddity::none;
  const MediaIndex slot = index % kOddityPeriod;
  if (slot >= kEqualFirst && slot < kEqualFirst + kEqualCount) return Oddity::equal_picture;
  // The others sit at 50, 54, 58, … of every 200, with plain items between them.
  constexpr auto kCount = static_cast<MediaIndex>(Oddity::count_);
  if (slot < 50 || (slot - 50) % 4 != 0 || (slot - 50) / 4 >= kCount - 1) return Oddity::none;
  const auto oddity = static_cast<Oddity>((slot - 50) / 4 + 1);
  return oddity == Oddity::equal_picture ? Oddity::none : oddity;
}

Catalogue::Catalogue(const CatalogueOptions& options, std::shared_ptr<const Overlay> overlay)
    : options_(options), overlay_(std::move(overlay)) {}

const MediaChange* Catalogue::change(MediaIndex index) const {
  if (overlay_->media.empty()) return nullptr;
  const auto found = overlay_->media.find(index);
  return found == overlay_->media.end() ? nullptr : &found->second;
}

std::uint64_t Catalogue::media_id(MediaIndex index) const {
  return kFirstMediaId + index * kMediaIdStep + mix(options_.seed ^ 0x1d, index) % kMediaIdStep;
}

std::optional<MediaIndex> Catalogue::media_index(std::uint64_t id) const {
  if (id < kFirstMediaId) return std::nullopt;
  const std::uint64_t index = (id - kFirstMediaId) / kMediaIdStep;
  if (index >= media_count() || media_id(static_cast<MediaIndex>(index)) != id) return std::nullopt;
  return static_cast<MediaIndex>(index);
}

bool Catalogue::removed(MediaIndex index) const {
  const MediaChange* changed = change(index);
  return changed != nullptr && changed->removed;
}

int Catalogue::lines(MediaIndex index) const {
  if (removed(index)) return 0;
  return oddity_of(options_, index) == Oddity::photo_and_frontal ? 2 : 1;
}

MediaFacts Catalogue::media(MediaIndex index, int line) const {
  assert(index < media_count());
  const MediaChange* changed = change(index);
  Dice dice(mix(options_.seed, index));

  MediaFacts facts;
  facts.index = index;
  facts.id = media_id(index);
  facts.oddity = oddity_of(options_, index);
  facts.role = draw_role(dice, facts.oddity, index < options_.same_picture || index >= options_.media);
  if (line == 1) facts.role = Role::frontal;
  facts.photo_type = static_cast<int>(dice.below(100) < 60 ? 0 : dice.below(4));
  // A frontal is a label on a packshot or a productshot.
  if (facts.role == Role::frontal || facts.oddity == Oddity::photo_and_frontal) facts.photo_type &= 1;
  facts.published = !dice.percent(3) || facts.oddity != Oddity::none || index < options_.same_picture;
  if (facts.oddity == Oddity::unpublished) facts.published = false;
  facts.organization = dice.below(kOrganizations);
  facts.target_groups = some_bits(dice, 8);
  facts.locales = facts.oddity == Oddity::locales_text ? 1u << dice.below(4) : some_bits(dice, 4);
  facts.dice = dice.next();

  // Created in the order of the ids, so that two of the three sortings need no array.
  facts.created_at = kFirstDay + static_cast<UnixSeconds>(static_cast<std::uint64_t>(kLastDay - kFirstDay) *
                                                          index / std::max(options_.media, 1u));
  facts.updated_at = std::min(kLastDay, facts.created_at + static_cast<UnixSeconds>(dice.below(60'000'000)));
  if (facts.role == Role::link) {
    facts.available_from = facts.created_at;
    if (facts.oddity == Oddity::expired_link || dice.percent(20)) facts.available_until = kLastDay;
  }
  if (changed == nullptr) return facts;

  if (changed->copy_of) {  // the same thing under a new id: all but the id and the dates stay
    const MediaFacts original = media(*changed->copy_of);
    facts.role = original.role;
    facts.photo_type = original.photo_type;
    facts.organization = original.organization;
    facts.target_groups = original.target_groups;
    facts.locales = original.locales;
  }
  if (index >= options_.media) facts.published = true;
  if (changed->created_at != 0) facts.created_at = facts.updated_at = changed->created_at;
  if (changed->updated_at != 0) facts.updated_at = changed->updated_at;
  if (changed->unpublished) facts.published = false;
  facts.generation = changed->generation;
  facts.query_revision = changed->query_revision;
  return facts;
}

std::uint32_t Catalogue::generation(MediaIndex index) const {
  const MediaChange* changed = change(index);
  return changed == nullptr ? 0 : changed->generation;
}

UnixSeconds Catalogue::picture_changed_at(MediaIndex index, std::uint32_t generation) const {
  const MediaChange* changed = change(index);
  if (changed != nullptr && generation != 0 && changed->changed_at != 0) return changed->changed_at;
  return media(index).created_at;
}

std::uint64_t Catalogue::picture_key(MediaIndex index, std::uint32_t generation, Role role) const {
  if (const MediaChange* changed = change(index); changed != nullptr && changed->copy_of && generation == 0)
    return picture_key(*changed->copy_of, changed->copy_generation, role);
  if (generation == 0 && index < options_.same_picture) index = 0;
  if (generation == 0 && oddity_of(options_, index) == Oddity::equal_picture)
    index = index / kOddityPeriod * kOddityPeriod + kEqualFirst;
  const std::uint64_t what =
      std::uint64_t{index} << 32 | std::uint64_t{generation} << 4 | static_cast<unsigned>(role);
  return mix(options_.seed ^ 0x91c7, what);
}

}  // namespace medimirror::sandbox
