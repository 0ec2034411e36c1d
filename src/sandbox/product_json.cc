// Products as the service writes them. See media_json.h.
#include <fmt/format.h>

#include <iterator>

#include "sandbox/media_json.h"

namespace medimirror::sandbox {
namespace {

constexpr std::string_view kBrands[] = {
    "Dolorix",    "Nasalène", "Vitaforte", "Dermacalm", "Gastrovel",  "Bébédoux", "Ocuclair",   "Tussinol",
    "Magnesan",   "Flexarth", "Somnia",    "Allerstop", "Propolia",   "Ferrodyn", "Calmosept",  "Lactiflor",
    "Cardioline", "Hydrasol", "Zincovit",  "Kinesport", "Oméga Plus", "Probiom",  "Rhinospray", "Sanodent"};

struct Form {
  std::string_view nl, fr, en;
};
constexpr Form kForms[] = {{"filmomhulde tabletten", "comprimés pelliculés", "film-coated tablets"},
                           {"bruistabletten", "comprimés effervescents", "effervescent tablets"},
                           {"siroop", "sirop", "syrup"},
                           {"neusspray", "spray nasal", "nasal spray"},
                           {"crème", "crème", "cream"},
                           {"oogdruppels", "gouttes ophtalmiques", "eye drops"},
                           {"capsules", "gélules", "capsules"},
                           {"zetpillen", "suppositoires", "suppositories"}};
constexpr int kAmounts[] = {10, 20, 30, 60, 100, 200, 250, 500};

void write_codes(JsonText& json, const ProductFacts& facts) {
  if (facts.cnk.empty() && facts.dice % 2 == 0) {
    json.key("cnk"), json.null();
  } else if (!facts.cnk.empty()) {
    json.member("cnk", facts.cnk);
  }
  json.key("ean");
  json.open_array();
  for (const std::string& ean : facts.eans) json.text(ean);
  json.close_array();
  for (const std::size_t length : {8u, 12u, 13u, 14u}) {
    bool any = false;
    for (const std::string& ean : facts.eans) {
      if (ean.size() != length) continue;
      if (!any) json.key(fmt::format("eanGtin{}", length)), json.open_array();
      any = true;
      json.text(ean);
    }
    if (any) json.close_array();
  }
  if (facts.index % 10 == 1) {
    json.member("cip13", fmt::format("34009{:08}", facts.index));
    json.key("acl13"), json.null();
  }
}

}  // namespace

std::string brand_name(std::uint32_t brand) {
  return std::string(kBrands[brand % std::size(kBrands)]);
}

std::vector<std::pair<std::string_view, std::string>> product_names(const ProductFacts& facts,
                                                                    bool oddities) {
  if (oddities && facts.index == 3)
    return {{"nl", "<script>alert(1)</script> \"Neus\" & spray"}, {"fr", "<script>alert(1)</script>"}};
  if (oddities && facts.index == 4)
    return {{"nl", "Ōmëga‑3 ✓ 維他命 🍊 طفل"}, {"en", "line one\nline two\ttab \\ slash / ../../etc/passwd"}};
  const Form& form = kForms[facts.dice % std::size(kForms)];
  const int amount = kAmounts[(facts.dice >> 8) % std::size(kAmounts)];
  const std::string brand = brand_name(facts.brand);
  return {{"nl", fmt::format("{} {} mg {}", brand, amount, form.nl)},
          {"fr", fmt::format("{} {} mg {}", brand, amount, form.fr)},
          {"en", fmt::format("{} {} mg {}", brand, amount, form.en)}};
}

void write_product(JsonText& json, const Catalogue& catalogue, const MediaHosts& hosts,
                   const ProductFacts& facts) {
  json.open_object();
  json.member("id", facts.id);
  json.member("status", kProductStatuses[facts.status]);
  write_codes(json, facts);
  json.key("name");
  json.open_object();
  for (const auto& [locale, name] : product_names(facts, catalogue.options().oddities))
    json.member(locale, name);
  json.close_object();
  json.key("brands");
  json.open_array();
  json.text(brand_name(facts.brand));
  json.close_array();

  for (const Role role : {Role::photo, Role::frontal, Role::link}) {
    json.key(role == Role::photo ? "photos" : role == Role::frontal ? "frontals" : "links");
    json.open_array();
    int order = 0;
    for (const MediaIndex index : facts.media) {
      ++order;
      for (int line = 0; line < catalogue.lines(index); ++line) {
        const MediaFacts media = catalogue.media(index, line);
        if (media.role == role && media.published) write_media(json, catalogue, hosts, media, order);
      }
    }
    json.close_array();
  }
  json.key("meta");
  json.open_object();
  json.member("createdAt", facts.created_at);
  json.member("updatedAt", facts.updated_at);
  json.close_object();
  json.close_object();
}

}  // namespace medimirror::sandbox
