#include "sandbox/media_json.h"

#include <fmt/format.h>

namespace medimirror::sandbox {
namespace {

void write_formats(JsonText& json, const Catalogue& catalogue, const MediaHosts& hosts,
                   const MediaFacts& facts) {
  json.key("formats");
  if (facts.oddity == Oddity::null_formats) return json.null();

  const std::uint64_t seed = catalogue.options().seed;
  const auto formats = formats_of(facts);
  if (facts.oddity == Oddity::formats_as_objects || facts.oddity == Oddity::formats_as_pairs) {
    json.open_array();
    for (const FormatEntry& format : formats) {
      json.open_object();
      const std::string url = listed_url(seed, hosts, facts, format);
      if (facts.oddity == Oddity::formats_as_objects) {
        json.member(format.key, url);
      } else {
        json.member("name", format.key);
        json.member("url", url);
      }
      json.close_object();
    }
    return json.close_array();
  }

  json.open_object();
  for (const FormatEntry& format : formats) json.member(format.key, listed_url(seed, hosts, facts, format));
  if (facts.oddity == Oddity::null_format) json.key("gigantic"), json.null();
  if (facts.oddity == Oddity::empty_format) json.member("gigantic", "");
  if (facts.oddity == Oddity::unknown_keys && !formats.empty())
    json.member("print300dpi", listed_url(seed, hosts, facts, formats.back()));
  json.close_object();
}

void write_names(JsonText& json, std::string_view key, std::uint32_t bits,
                 const std::string_view (&names)[4]) {
  json.key(key);
  json.open_array();
  for (std::size_t i = 0; i < 4; ++i)
    if ((bits >> i & 1) != 0) json.text(names[i]);
  json.close_array();
}

void write_locales(JsonText& json, const MediaFacts& facts) {
  if (facts.oddity == Oddity::locales_null) {
    json.key("locales"), json.null();
  } else if (facts.oddity == Oddity::locales_text) {
    for (std::size_t i = 0; i < 4; ++i)
      if ((facts.locales >> i & 1) != 0) return json.member("locales", kLocales[i]);
  } else {
    write_names(json, "locales", facts.locales, kLocales);
  }
}

void write_target_groups(JsonText& json, const MediaFacts& facts) {
  json.key("targetGroups");
  json.open_array();
  for (std::size_t i = 0; i < std::size(kTargetGroups); ++i)
    if ((facts.target_groups >> i & 1) != 0) json.text(kTargetGroups[i]);
  json.close_array();
}

void write_sides(JsonText& json, const MediaFacts& facts) {
  if (facts.oddity == Oddity::sides_list) {
    json.key("visibleSides");
    json.raw(R"(["front","left"])");
  } else if (facts.oddity == Oddity::sides_null) {
    json.key("visibleSides"), json.null();
  } else if (facts.oddity == Oddity::sides_text || facts.role == Role::frontal) {
    json.member("visibleSides", "front");
  }
}

void write_link(JsonText& json, const MediaFacts& facts) {
  const std::string_view type = kLinkTypes[facts.photo_type];
  json.member("linkType", type);
  json.member("url", fmt::format("https://www.example.com/{}/{}", type, facts.id));
  json.key("name");
  json.open_object();
  json.member("nl", fmt::format("Link {}", facts.id));
  json.member("fr", fmt::format("Lien {}", facts.id));
  json.close_object();
  json.key("description");
  json.raw(R"({"nl":"Bijsluiter & meer","fr":"Notice d’emballage"})");
  json.key("available");
  json.open_object();
  json.member("from", facts.available_from);
  json.key("until");
  if (facts.available_until == 0) {
    json.null();
  } else {
    json.number(facts.available_until);
  }
  json.close_object();
}

void write_times(JsonText& json, const MediaFacts& facts) {
  if (facts.oddity == Oddity::no_meta) return;
  json.key("meta");
  json.open_object();
  if (facts.oddity == Oddity::times_text) {
    json.member("createdAt", std::to_string(facts.created_at));
    json.member("updatedAt", std::to_string(facts.updated_at));
  } else if (facts.oddity == Oddity::times_null) {
    json.key("createdAt"), json.null();
    json.key("updatedAt"), json.null();
  } else {
    json.member("createdAt", facts.created_at);
    json.member("updatedAt", facts.updated_at);
  }
  json.close_object();
}

}  // namespace

void write_media(JsonText& json, const Catalogue& catalogue, const MediaHosts& hosts, const MediaFacts& facts,
                 std::optional<int> display_order) {
  json.open_object();
  if (facts.oddity == Oddity::id_as_text) {
    json.member("id", std::to_string(facts.id));
  } else {
    json.member("id", static_cast<std::int64_t>(facts.id));
  }
  if (facts.oddity != Oddity::missing_type)
    json.member("type", facts.role == Role::photo     ? "photo"
                        : facts.role == Role::frontal ? "frontal"
                                                      : "link");
  write_locales(json, facts);
  write_target_groups(json, facts);
  if (facts.role == Role::link) {
    write_link(json, facts);
  } else {
    json.member("photoType", kPhotoTypes[facts.photo_type]);
    write_sides(json, facts);
    write_formats(json, catalogue, hosts, facts);
  }
  if (facts.oddity == Oddity::unknown_keys) {
    json.key("x-internal");
    json.raw(R"({"formats":{"huge":"https://never.example/no.jpeg"},"list":[1,[2,{"id":3}]],"none":null})");
  }
  if (display_order) json.member("displayOrder", *display_order);
  write_times(json, facts);
  json.close_object();
}

}  // namespace medimirror::sandbox
