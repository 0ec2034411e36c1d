// The filters of products/query and products/stream. See filter.h.
#include <set>

#include "sandbox/filter_parser.h"
#include "sandbox/media_json.h"
#include "sandbox/mix.h"

namespace medimirror::sandbox {
namespace {

constexpr std::size_t kCodesMax = 1000;  // identifiers in one products filter
constexpr std::string_view kContentFlags[] = {"media", "description", "leaflet", "composition"};

std::set<std::string> codes(const FilterValue& value) {
  const auto texts = value.texts();
  if (texts.size() > kCodesMax) value.refuse("at most 1000 identifiers in one filter");
  return {texts.begin(), texts.end()};
}

Predicate<ProductFacts> any_ean(const FilterValue& value) {
  return [wanted = codes(value)](const ProductFacts& facts) {
    return std::any_of(facts.eans.begin(), facts.eans.end(),
                       [&](const auto& ean) { return wanted.contains(ean); });
  };
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

Predicate<ProductFacts> search_test(const FilterValue& value, bool oddities) {
  return [wanted = lower(value.text()), oddities](const ProductFacts& facts) {
    if (lower(facts.id) == wanted || facts.cnk == wanted) return true;
    if (std::find(facts.eans.begin(), facts.eans.end(), wanted) != facts.eans.end()) return true;
    for (const auto& [locale, name] : product_names(facts, oddities))
      if (lower(name).find(wanted) != std::string::npos) return true;
    return false;
  };
}

// {"flag": "media", "locale": "nl"}: media in that language; the other flags are drawn.
Predicate<ProductFacts> content_test(const FilterValue& value, const Catalogue& catalogue) {
  const auto never = [](const ProductFacts&) { return false; };
  const auto& json = value.json();
  if (!json.is_object() || !json.contains("flag") || !json["flag"].is_string() ||
      (json.contains("locale") && !json["locale"].is_string())) {
    value.refuse("must be an object with \"flag\" and \"locale\"");
    return never;
  }
  const auto flag = json["flag"].get<std::string>();
  const auto* const found = std::find(std::begin(kContentFlags), std::end(kContentFlags), flag);
  if (found == std::end(kContentFlags)) {
    value.refuse(fmt::format("\"{}\" is not one of {}", flag, fmt::join(kContentFlags, ", ")));
    return never;
  }
  std::uint32_t locales = 0xf;
  if (json.contains("locale")) {
    const auto* const locale =
        std::find(std::begin(kLocales), std::end(kLocales), json["locale"].get<std::string>());
    locales = locale == std::end(kLocales) ? 0u : 1u << (locale - std::begin(kLocales));
  }
  if (flag != "media")
    return [locales, salt = static_cast<std::uint64_t>(found - std::begin(kContentFlags))](
               const ProductFacts& facts) { return (mix(facts.dice, salt) & locales) != 0; };
  return [locales, &catalogue](const ProductFacts& facts) {
    return std::any_of(facts.media.begin(), facts.media.end(), [&](MediaIndex index) {
      const MediaFacts media = catalogue.media(index);
      return media.published && (media.locales & locales) != 0;
    });
  };
}

Predicate<ProductFacts> media_test(const FilterValue& value, const Catalogue& catalogue) {
  std::set<MediaIndex> wanted;
  const auto add = [&](const nlohmann::json& id) {
    if (!id.is_number_unsigned()) return value.refuse("must be a media id or a list of them");
    if (const auto index = catalogue.media_index(id.get<std::uint64_t>())) wanted.insert(*index);
  };
  if (value.json().is_array()) {
    for (const auto& id : value.json()) add(id);
  } else {
    add(value.json());
  }
  return [wanted](const ProductFacts& facts) {
    return std::any_of(facts.media.begin(), facts.media.end(),
                       [&](MediaIndex index) { return wanted.contains(index); });
  };
}

FilterKeys<ProductFacts> product_keys(const FilterContext& context) {
  using Value = const FilterValue&;
  const Catalogue& catalogue = *context.catalogue;
  // The ids of these are "B003", "C007", "F021".
  const auto numbered = [](char letter, std::uint32_t ProductFacts::*number) {
    return [letter, number](Value value) -> Predicate<ProductFacts> {
      return [wanted = value.text(), letter, number](const ProductFacts& facts) {
        return fmt::format("{}{:03}", letter, facts.*number) == wanted;
      };
    };
  };
  return {
      {"id",
       [](Value value) {
         return [wanted = codes(value)](const ProductFacts& facts) { return wanted.contains(facts.id); };
       }},
      {"status",
       [](Value value) {
         return [wanted = value.one_of(kProductStatuses, 3)](const ProductFacts& facts) {
           return facts.status == wanted;
         };
       }},
      {"organization",
       [](Value value) {
         return [wanted = value.text()](const ProductFacts& facts) {
           return organization_id(facts.organization) == wanted;
         };
       }},
      {"brand", numbered('B', &ProductFacts::brand)},
      {"publicCategory", numbered('C', &ProductFacts::category)},
      {"productFamily", numbered('F', &ProductFacts::family)},
      {"ean", any_ean},
      {"gtin", any_ean},
      {"cnk",
       [](Value value) {
         return [wanted = codes(value)](const ProductFacts& facts) {
           return !facts.cnk.empty() && wanted.contains(facts.cnk);
         };
       }},
      {"minimumContent",
       [](Value value) {
         return [wanted = value.boolean()](const ProductFacts& facts) {
           return facts.minimum_content == wanted;
         };
       }},
      {"hasContent", [&catalogue](Value value) { return content_test(value, catalogue); }},
      {"search", [&catalogue](Value value) { return search_test(value, catalogue.options().oddities); }},
      {"updatedSince",
       [](Value value) {
         return [range = value.range()](const ProductFacts& facts) {
           return facts.updated_at >= range.first && facts.updated_at <= range.second;
         };
       }},
      {"media", [&catalogue](Value value) { return media_test(value, catalogue); }},
  };
}

}  // namespace

Predicate<ProductFacts> parse_product_filter(const nlohmann::json& filter, const FilterContext& context,
                                             std::vector<Violation>& violations) {
  return parse_filter<ProductFacts>(filter, "filter", product_keys(context), violations);
}

}  // namespace medimirror::sandbox
