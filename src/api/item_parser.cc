// Role: one JSON object -> MediaItem or Product. Pure; never throws for what the text says.
// Rule: the service's shapes vary by market and year, so each field is taken in every shape that was seen,
// and a field in any other shape is as if it were missing. Only an object without a usable id is nothing at
// all. Limits: the caller's line limit bounds the text; simdjson refuses nesting beyond 1024. Of a text
// of more than kTextBytesMax the beginning is kept, and of an address that is no URL any more, so that it fails as one.
#include <simdjson.h>

#include <algorithm>
#include <cmath>

#include "api/item_parser.h"
#include "base/ascii.h"
#include "base/foreign_text.h"
#include "base/text_encoding.h"

namespace medimirror {

namespace {

namespace dom = simdjson::dom;

// No real object comes near; they keep the look for duplicates short in a hostile one.
constexpr std::size_t kFormatsMax = 100, kTextsMax = 200, kTextBytesMax = 4'096;
constexpr std::size_t kAddressBytesMax = 8 * 1024 + 1;  // what no URL has (http/url.h)
constexpr std::size_t kAddressesBytesMax = 48 * 1024;   // of one item, together
constexpr std::size_t kCodesMax = 1'000;
constexpr std::size_t kMediaMax = 10'000;

// ---- single values

// 5, 5.0 or "5".
std::optional<std::int64_t> integer_of(dom::element value) {
  std::int64_t number = 0;
  if (!value.get(number)) return number;
  std::string_view text;
  if (!value.get(text)) return whole_number<std::int64_t>(text);
  double real = 0;
  if (value.get(real) || !(std::abs(real) < 9e15)) return std::nullopt;
  return static_cast<std::int64_t>(real);
}

MediaId media_id_of(dom::element value) {
  std::uint64_t number = 0;
  if (!value.get(number)) return number;
  std::string_view text;
  if (value.get(text)) return 0;
  return whole_number<MediaId>(text).value_or(0);
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// Empty: missing, null, blank or not a text.
std::string_view text_of(dom::element value) {
  std::string_view text;
  return value.get(text) || is_blank(text) ? std::string_view() : shortened(text, kTextBytesMax);
}

std::string_view address_of(dom::element value) {
  std::string_view text;
  return value.get(text) || is_blank(text) ? std::string_view() : shortened(text, kAddressBytesMax);
}

std::string_view text_at(dom::object object, std::string_view key) {
  dom::element value;
  return object[key].get(value) ? std::string_view() : text_of(value);
}

std::optional<std::int64_t> integer_at(dom::object object, std::string_view key) {
  dom::element value;
  return object[key].get(value) ? std::nullopt : integer_of(value);
}

std::optional<std::int64_t> meta_at(dom::object object, std::string_view key) {
  dom::object meta;
  return object["meta"].get(meta) ? std::nullopt : integer_at(meta, key);
}

// A list, a single text, or null.
std::vector<std::string> texts_at(dom::object object, std::string_view key) {
  std::vector<std::string> texts;
  dom::element value;
  dom::array list;
  if (object[key].get(value)) return texts;
  if (value.get(list)) {
    if (const auto text = text_of(value); !text.empty()) texts.emplace_back(text);
    return texts;
  }
  for (const dom::element one : list)
    if (const auto text = text_of(one); !text.empty() && texts.size() < kTextsMax) texts.emplace_back(text);
  return texts;
}

// ---- formats

void add_format(std::vector<MediaFormat>& formats, std::string_view key, std::string_view url) {
  if (is_blank(key) || key.size() > kTextBytesMax || is_blank(url) || formats.size() >= kFormatsMax) return;
  if (std::ranges::find(formats, key, &MediaFormat::key) != formats.end()) return;
  std::size_t bytes = url.size();
  for (const MediaFormat& format : formats) bytes += format.url.size();
  if (bytes <= kAddressesBytesMax) formats.push_back({std::string(key), std::string(url)});
}

// {"name": "huge", "url": "…"}, also with "key" or "format" for the name.
bool add_named_format(std::vector<MediaFormat>& formats, dom::object object) {
  dom::element url;
  if (object["url"].get(url)) return false;
  for (const std::string_view name : {"name", "key", "format"})
    if (const auto key = text_at(object, name); !key.empty()) {
      add_format(formats, key, address_of(url));
      return true;
    }
  return false;
}

// {"huge": "…", "large": "…"}; a value may also be {"url": "…"}.
void add_keyed_formats(std::vector<MediaFormat>& formats, dom::object object) {
  for (const auto field : object) {
    dom::object inner;
    dom::element url = field.value;
    if (!field.value.get(inner) && inner["url"].get(url)) continue;
    add_format(formats, field.key, address_of(url));
  }
}

std::vector<MediaFormat> formats_of(dom::object item) {
  std::vector<MediaFormat> formats;
  dom::element value;
  dom::object object;
  dom::array list;
  if (item["formats"].get(value)) return formats;
  const auto add = [&formats](dom::object one) {
    if (!add_named_format(formats, one)) add_keyed_formats(formats, one);
  };
  if (!value.get(object)) add(object);
  if (!value.get(list))
    for (const dom::element one : list)
      if (!one.get(object)) add(object);
  return formats;
}

// A missing type is told from what the object carries; a type that is not of the three is unknown.
MediaKind kind_of(dom::object object, const MediaItem& item) {
  const auto type = text_at(object, "type");
  if (!type.empty()) return parse_media_kind(type).value_or(MediaKind::unknown);
  if (!item.photo_type.empty() || !item.formats.empty()) return MediaKind::photo;
  return item.link_type.empty() ? MediaKind::unknown : MediaKind::link;
}

// ---- products

// A code that came as a number lost its leading zeros: `digits` says how many it must have.
std::string code_of(dom::element value, std::size_t digits) {
  std::uint64_t number = 0;
  if (value.get(number)) return std::string(text_of(value));
  std::string code = std::to_string(number);
  if (code.size() < digits) code.insert(0, digits - code.size(), '0');
  return code;
}

void add_code(std::vector<std::string>& codes, dom::element value, std::size_t digits) {
  dom::array list;
  if (!value.get(list)) {
    for (const dom::element one : list)
      if (!one.is_array()) add_code(codes, one, digits);
    return;
  }
  std::string code = code_of(value, digits);
  if (code.empty() || codes.size() >= kCodesMax) return;
  if (std::ranges::find(codes, code) == codes.end()) codes.push_back(std::move(code));
}

std::vector<std::string> eans_of(dom::object product) {
  struct Field {
    std::string_view key;
    std::size_t digits;
  };
  static constexpr Field kFields[] = {
      {"ean", 0}, {"eanGtin8", 8}, {"eanGtin12", 12}, {"eanGtin13", 13}, {"eanGtin14", 14}};
  std::vector<std::string> eans;
  dom::element value;
  for (const Field& field : kFields)
    if (!product[field.key].get(value)) add_code(eans, value, field.digits);
  return eans;
}

// {"nl": "…", "fr": "…"}; a plain text has no locale.
std::vector<std::pair<std::string, std::string>> names_of(dom::object product) {
  std::vector<std::pair<std::string, std::string>> names;
  dom::element value;
  dom::object by_locale;
  if (product["name"].get(value)) return names;
  if (value.get(by_locale)) {
    if (const auto text = text_of(value); !text.empty()) names.emplace_back(std::string(), std::string(text));
    return names;
  }
  for (const auto field : by_locale)
    if (const auto text = text_of(field.value); !text.empty())
      names.emplace_back(std::string(field.key), std::string(text));
  return names;
}

// A list of media objects, or of bare ids.
void add_media(Product& product, dom::object object, std::string_view key, MediaKind kind) {
  dom::array list;
  if (object[key].get(list)) return;
  for (const dom::element one : list) {
    if (product.media.size() >= kMediaMax) return;
    ProductMedia media;
    media.kind = kind;
    dom::object fields;
    dom::element id;
    if (one.get(fields)) {
      media.id = media_id_of(one);
    } else {
      media.id = fields["id"].get(id) ? 0 : media_id_of(id);
      media.display_order = integer_at(fields, "displayOrder");
      media.locales = texts_at(fields, "locales");
    }
    const bool known = std::ranges::any_of(product.media, [&media](const ProductMedia& other) {
      return other.id == media.id && other.kind == media.kind;
    });
    if (media.id != 0 && !known) product.media.push_back(std::move(media));
  }
}

// One a thread: it keeps its memory from item to item.
dom::parser& parser() {
  thread_local dom::parser instance;
  return instance;
}

// The door for what others wrote: addresses pass it when they are shown, since another one would be asked for.
void make_plain(std::string& text) {
  text = plain_line(text);
}
void make_plain(std::vector<std::string>& texts) {
  for (std::string& text : texts) make_plain(text);
}

}  // namespace

std::optional<MediaItem> parse_media_item(std::string_view json) {
  dom::object object;
  dom::element id;
  if (parser().parse(json.data(), json.size()).get(object) || object["id"].get(id)) return std::nullopt;
  MediaItem item;
  item.id = media_id_of(id);
  if (item.id == 0) return std::nullopt;
  item.photo_type = text_at(object, "photoType");
  item.link_type = text_at(object, "linkType");
  item.link_url = text_at(object, "url");
  item.formats = formats_of(object);
  item.kind = kind_of(object, item);
  item.locales = texts_at(object, "locales");
  item.target_groups = texts_at(object, "targetGroups");
  item.visible_sides = texts_at(object, "visibleSides");
  item.display_order = integer_at(object, "displayOrder");
  item.created_at = meta_at(object, "createdAt");
  item.updated_at = meta_at(object, "updatedAt");
  for (std::string* text : {&item.photo_type, &item.link_type}) make_plain(*text);
  for (MediaFormat& format : item.formats) make_plain(format.key);
  for (auto* texts : {&item.locales, &item.target_groups, &item.visible_sides}) make_plain(*texts);
  return item;
}

std::optional<Product> parse_product(std::string_view json) {
  dom::object object;
  if (parser().parse(json.data(), json.size()).get(object)) return std::nullopt;
  Product product;
  product.id = text_at(object, "id");
  if (product.id.empty()) return std::nullopt;
  product.status = text_at(object, "status");
  dom::element cnk;
  if (!object["cnk"].get(cnk)) product.cnk = code_of(cnk, 7);
  product.eans = eans_of(object);
  product.names = names_of(object);
  add_media(product, object, "photos", MediaKind::photo);
  add_media(product, object, "frontals", MediaKind::frontal);
  product.updated_at = meta_at(object, "updatedAt");
  for (std::string* text : {&product.id, &product.status, &product.cnk}) make_plain(*text);
  make_plain(product.eans);
  for (auto& [locale, name] : product.names) {
    make_plain(locale);
    make_plain(name);
  }
  return product;
}

}  // namespace medimirror
