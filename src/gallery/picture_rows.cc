#include "gallery/picture_rows.h"

#include <algorithm>

#include "gallery/plain_text.h"
#include "http/url.h"

namespace medimirror {

namespace {

// URLs are shown, and may be copied into a ticket: without what looks like a key.
std::string shown(const std::string& url) {
  const std::optional<Url> parsed = parse_url(url);
  return parsed ? parsed->display() : url;
}

void put_text(Json& object, const char* key, const std::string& text) {
  if (!text.empty()) object[key] = text;
}

void put_time(Json& object, const char* key, UnixSeconds time) {
  if (time != 0) object[key] = time;
}

Json json_of(const PublishedRecord& published) {
  return {{"path", published.path}, {"bytes", published.bytes}, {"time", published.mtime}};
}

Json json_of(const BlobRecord& blob) {
  Json json = {
      {"format", name_of(blob.info.format)}, {"width", blob.info.width}, {"height", blob.info.height},
      {"alpha", blob.info.has_alpha},        {"pages", blob.info.pages}, {"bytes", blob.bytes}};
  put_text(json, "note", blob.info.note);
  put_time(json, "seen", blob.first_seen);
  put_time(json, "verified", blob.last_verified);
  return json;
}

Json json_of(const Attempt& attempt) {
  return Json::array({attempt.at, attempt.run, attempt.outcome, attempt.detail, attempt.tries});
}

Json json_of(MediaId id, const Picture::Asset& asset, const DetailExtras& extras) {
  const AssetRecord& record = asset.record;
  Json json;
  json["format"] = asset.format;
  json["state"] = name_of(record.state);
  json["url"] = shown(record.url);
  if (record.source_format != asset.format) json["source"] = record.source_format;
  if (record.unlisted) json["unlisted"] = true;
  put_time(json, "listed", record.first_listed);
  put_time(json, "retired", record.retired_at);
  if (record.digest) {
    json["sha256"] = record.digest->hex();
    if (record.held_url != record.url) put_text(json, "held_url", shown(record.held_url));
    put_text(json, "etag", record.etag);
    put_text(json, "modified", record.last_modified);
    put_time(json, "fetched", record.fetched_at);
    if (asset.blob) json["image"] = json_of(*asset.blob);
    Json same = Json::array();
    for (const MediaId other : extras.same_bytes(*record.digest))
      if (other != id) same.push_back(other);
    if (!same.empty()) json["same"] = std::move(same);
  }
  if (asset.published) json["published"] = json_of(*asset.published);
  Json& attempts = json["attempts"] = Json::array();
  for (const Attempt& attempt : record.attempts) attempts.push_back(json_of(attempt));
  if (extras.refused_sample && record.state == AssetState::failed)
    put_text(json, "refused", extras.refused_sample({id, asset.format}));
  return json;
}

Json json_of(const Picture::Derivative& derivative) {
  Json json;
  json["name"] = derivative.name;
  json["sha256"] = derivative.published.digest.hex();
  json["published"] = json_of(derivative.published);
  if (derivative.blob) json["image"] = json_of(*derivative.blob);
  return json;
}

constexpr std::size_t kAlikeShown = 12;

// [how many others there are, whether it is a placeholder, [[id, 1 when its bytes are the same], …]]
Json json_of(MediaId id, const Look& look) {
  const auto self = std::ranges::find(look.pictures, id, &AlikePicture::id);
  Json others = Json::array();
  for (const AlikePicture& other : look.pictures)
    if (other.id != id && others.size() < kAlikeShown)
      others.push_back({other.id, self != look.pictures.end() && other.digest == self->digest ? 1 : 0});
  return Json::array({look.pictures.size() - 1, look.is_placeholder ? 1 : 0, std::move(others)});
}

}  // namespace

Json card_row(const Picture& picture, const CardCodes& codes) {
  Json row = {picture.item.id, codes.kind,     codes.type,    codes.languages,
              codes.state,     codes.problems, picture.name()};
  if (const std::optional<Thumbnail> thumbnail = picture.thumbnail()) {
    row.push_back(thumbnail->path);
    row.push_back(thumbnail->width);
    row.push_back(thumbnail->height);
  }
  return row;
}

Json detail_row(const Picture& picture, const DetailExtras& extras) {
  const MediaItem& item = picture.item;
  Json row;
  row["id"] = item.id;
  row["kind"] = name_of(item.kind);
  row["state"] = name_of(picture.state());
  row["problems"] = picture.problems();
  put_text(row, "type", item.photo_type);
  put_text(row, "link_type", item.link_type);
  put_text(row, "link", item.link_url.empty() ? "" : shown(item.link_url));
  row["languages"] = item.locales;
  row["groups"] = item.target_groups;
  row["sides"] = item.visible_sides;
  if (item.display_order) row["order"] = *item.display_order;
  if (item.created_at) row["created"] = *item.created_at;
  if (item.updated_at) row["updated"] = *item.updated_at;
  if (extras.look)
    if (const Look* look = extras.look(item.id)) row["alike"] = json_of(item.id, *look);
  Json& offered = row["offered"] = Json::array();
  for (const MediaFormat& format : item.formats) offered.push_back({format.key, shown(format.url)});
  Json& assets = row["assets"] = Json::array();
  for (const Picture::Asset& asset : picture.assets) assets.push_back(json_of(item.id, asset, extras));
  Json& derivatives = row["derivatives"] = Json::array();
  for (const Picture::Derivative& derivative : picture.derivatives)
    derivatives.push_back(json_of(derivative));
  if (!picture.products.empty()) {
    Json& products = row["products"] = Json::array();
    for (const Product& product : picture.products) products.push_back(product_row(product));
  }
  return row;
}

Json product_row(const Product& product) {
  Json names = Json::array();
  for (const auto& [locale, name] : product.names) names.push_back({locale, name});
  Json media = Json::array();
  for (const ProductMedia& one : product.media) media.push_back(one.id);
  return Json::array(
      {product.id, product.cnk, product.eans, std::move(names), product.status, std::move(media)});
}

std::string search_row(const Product& product) {
  std::string text = product.id + '\t' + product.cnk;
  for (const std::string& ean : product.eans) text += '\t' + ean;
  for (const auto& [locale, name] : product.names) text += '\t' + name;
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 && c != '\t') c = ' ';
  text = plain_text(text);
  char separator = '\f';
  for (const ProductMedia& one : product.media) {
    text += separator + std::to_string(one.id);
    separator = ',';
  }
  return separator == '\f' ? std::string() : text;
}

std::vector<FailureRow> failure_rows(const Picture& picture) {
  std::vector<FailureRow> rows;
  for (const Picture::Asset& asset : picture.assets) {
    const AssetRecord& record = asset.record;
    if (record.state != AssetState::failed) continue;
    Attempt last;
    last.outcome = "unknown";
    if (!record.attempts.empty()) last = record.attempts.back();
    rows.push_back({last.outcome,
                    {picture.item.id, asset.format, last.detail, last.at, last.tries, shown(record.url),
                     record.digest ? 1 : 0}});
  }
  return rows;
}

}  // namespace medimirror
