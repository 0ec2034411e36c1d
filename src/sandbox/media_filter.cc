// The filters of media/query and media/stream. See filter.h.
#include "sandbox/filter_parser.h"

namespace medimirror::sandbox {
namespace {

constexpr std::string_view kTypes[] = {"photo", "frontal", "link"};  // in the order of Role

std::uint32_t bit(int position) {
  return position < 0 ? 0u : 1u << position;
}

Predicate<MediaFacts> range_test(const FilterValue& value, UnixSeconds MediaFacts::*time) {
  return [range = value.range(), time](const MediaFacts& facts) {
    return facts.*time >= range.first && facts.*time <= range.second;
  };
}

Predicate<MediaFacts> product_test(const FilterValue& value, const Catalogue& catalogue) {
  std::vector<MediaIndex> members;
  if (const auto product = catalogue.product_index(value.text())) members = catalogue.product_media(*product);
  return [members](const MediaFacts& facts) {
    return std::find(members.begin(), members.end(), facts.index) != members.end();
  };
}

FilterKeys<MediaFacts> media_keys(const FilterContext& context) {
  using Value = const FilterValue&;
  return {
      {"published",
       [](Value value) {
         return [wanted = value.boolean()](const MediaFacts& facts) { return facts.published == wanted; };
       }},
      {"organization",
       [](Value value) {
         return [wanted = value.text()](const MediaFacts& facts) {
           return organization_id(facts.organization) == wanted;
         };
       }},
      {"targetGroup",
       [](Value value) {
         return [bits = value.one_or_more_of(kTargetGroups, std::size(kTargetGroups))](
                    const MediaFacts& facts) { return (facts.target_groups & bits) != 0; };
       }},
      {"type",
       [](Value value) {
         return [wanted = bit(value.one_of(kTypes, std::size(kTypes)))](const MediaFacts& facts) {
           return bit(static_cast<int>(facts.role)) == wanted;
         };
       }},
      {"photoType",
       [](Value value) {
         return [wanted = value.one_of(kPhotoTypes, std::size(kPhotoTypes))](const MediaFacts& facts) {
           return facts.role != Role::link && facts.photo_type == wanted;
         };
       }},
      {"linkType",
       [](Value value) {
         return [wanted = value.one_of(kLinkTypes, std::size(kLinkTypes))](const MediaFacts& facts) {
           return facts.role == Role::link && facts.photo_type == wanted;
         };
       }},
      {"createdAt", [](Value value) { return range_test(value, &MediaFacts::created_at); }},
      {"updatedSince", [](Value value) { return range_test(value, &MediaFacts::updated_at); }},
      {"product", [context](Value value) { return product_test(value, *context.catalogue); }},
      {"available",
       [now = context.now](Value value) {
         return [wanted = value.boolean(), now](const MediaFacts& facts) {
           const bool available =
               facts.available_from <= now && (facts.available_until == 0 || now <= facts.available_until);
           return available == wanted;
         };
       }},
      {"locale",
       [](Value value) {
         return [bits = value.one_or_more_of(kLocales, std::size(kLocales))](const MediaFacts& facts) {
           return (facts.locales & bits) != 0;
         };
       }},
  };
}

}  // namespace

Predicate<MediaFacts> parse_media_filter(const nlohmann::json& filter, const FilterContext& context,
                                         std::vector<Violation>& violations) {
  return parse_filter<MediaFacts>(filter, "filter", media_keys(context), violations);
}

}  // namespace medimirror::sandbox
