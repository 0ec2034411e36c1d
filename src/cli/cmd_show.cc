#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "base/ascii.h"
#include "base/error.h"
#include "base/foreign_text.h"
#include "base/product_code.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/lookup.h"
#include "cli/open_mirror.h"
#include "http/url.h"
#include "run/writer.h"
#include "shop/code_list.h"

namespace medimirror {

namespace {

std::string shown(const std::string& url) {
  const std::optional<Url> parsed = parse_url(url);
  return plain_line(parsed ? parsed->display() : url);
}

// One sentence: is it held, and if not, why.
std::string state_sentence(const AssetRecord& record) {
  const bool older = record.digest.has_value() && record.state != AssetState::held;
  const std::string kept = older ? "; an older picture is held and published meanwhile" : "";
  switch (record.state) {
    case AssetState::held:
      return "held";
    case AssetState::wanted:
      return "wanted, not fetched yet" + kept;
    case AssetState::failed:
      return fmt::format("failed: {}{}",
                         record.attempts.empty() ? "" : plain_line(record.attempts.back().detail), kept);
    case AssetState::retired:
      return fmt::format("retired {}: the listing no longer names it", format_utc(record.retired_at));
  }
  return "";
}

void print_item(const MediaItem& item) {
  fmt::print("media {}  {}{}{}\n", item.id, name_of(item.kind), item.photo_type.empty() ? "" : ", ",
             plain_line(item.photo_type));
  if (!item.link_url.empty())
    fmt::print("  link        {} {}\n", plain_line(item.link_type), shown(item.link_url));
  if (!item.locales.empty())
    fmt::print("  locales     {}\n", plain_line(fmt::format("{}", fmt::join(item.locales, ", "))));
  if (!item.target_groups.empty())
    fmt::print("  for         {}\n", plain_line(fmt::format("{}", fmt::join(item.target_groups, ", "))));
  if (item.created_at) fmt::print("  created     {}\n", format_utc(*item.created_at));
  if (item.updated_at) fmt::print("  updated     {}\n", format_utc(*item.updated_at));
  for (const MediaFormat& format : item.formats)
    fmt::print("  offered     {:<14} {}\n", plain_line(format.key), shown(format.url));
}

void print_asset(const Config& config, const IndexView& view, const AssetKey& key,
                 const AssetRecord& record) {
  fmt::print("asset {}\n", key.format);
  fmt::print("  state       {}\n", state_sentence(record));
  if (record.source_format != key.format)
    fmt::print("  fallback    {} is not offered; this is {}\n", key.format, record.source_format);
  fmt::print("  url         {}\n", shown(record.url));
  if (record.digest) {
    fmt::print("  sha256      {}\n", record.digest->hex());
    if (const auto blob = view.blob(*record.digest)) {
      fmt::print("  picture     {} {}x{}, {}\n", name_of(blob->info.format), blob->info.width,
                 blob->info.height, format_bytes(blob->bytes));
      if (!blob->info.note.empty()) fmt::print("  note        {}\n", plain_line(blob->info.note));
    }
    fmt::print("  fetched     {}\n", format_utc(record.fetched_at));
  }
  for (const Attempt& attempt : record.attempts)
    fmt::print("  attempt     {}  run {}: {}{}{}{}\n", format_utc(attempt.at), attempt.run, attempt.outcome,
               attempt.tries > 1 ? fmt::format(" ({} requests)", attempt.tries) : "",
               attempt.detail.empty() ? "" : ": ", plain_line(attempt.detail));
  const std::filesystem::path sample = rejected_sample_path(config.store_dir / "rejected", key);
  if (std::filesystem::exists(sample))
    fmt::print("  refused     its first bytes are in {}\n", sample.native());
}

nlohmann::ordered_json as_json(const AssetKey& key, const AssetRecord& record, const IndexView& view) {
  nlohmann::ordered_json json;
  json["format"] = key.format;
  json["state"] = name_of(record.state);
  json["url"] = shown(record.url);
  json["source_format"] = record.source_format;
  if (record.digest) {
    json["sha256"] = record.digest->hex();
    if (const auto blob = view.blob(*record.digest)) {
      json["bytes"] = blob->bytes;
      json["image"] = {{"format", name_of(blob->info.format)},
                       {"width", blob->info.width},
                       {"height", blob->info.height},
                       {"note", blob->info.note}};
    }
    json["fetched_at"] = record.fetched_at;
  }
  json["attempts"] = nlohmann::json::array();
  for (const Attempt& attempt : record.attempts)
    json["attempts"].push_back({{"at", attempt.at},
                                {"run", attempt.run},
                                {"outcome", attempt.outcome},
                                {"detail", attempt.detail},
                                {"requests", attempt.tries}});
  return json;
}

nlohmann::ordered_json as_json(const MediaItem& item, const IndexView& view) {
  nlohmann::ordered_json json;
  json["id"] = item.id;
  json["kind"] = name_of(item.kind);
  json["photo_type"] = item.photo_type;
  json["offered"] = nlohmann::json::object();
  for (const MediaFormat& format : item.formats) json["offered"][format.key] = shown(format.url);
  json["assets"] = nlohmann::json::array();
  for (const auto& [format, record] : view.assets_of(item.id))
    json["assets"].push_back(as_json({item.id, format}, record, view));
  json["published"] = nlohmann::json::array();
  for (const auto& [format, published] : view.published_of(item.id))
    json["published"].push_back(
        {{"format", format}, {"path", published.path}, {"sha256", published.digest.hex()}});
  return json;
}

nlohmann::ordered_json as_json(const Product& product) {
  nlohmann::ordered_json json = {{"id", product.id}, {"status", product.status}, {"cnk", product.cnk}};
  json["eans"] = product.eans;
  json["names"] = nlohmann::json::object();
  for (const auto& [locale, name] : product.names) json["names"][locale] = name;
  return json;
}

// One medium is an object of its own; everything else names what it is of.
void print_json(const Found& found, const IndexView& view) {
  nlohmann::ordered_json json, media = nlohmann::json::array();
  for (const MediaId id : found.media)
    if (const std::optional<MediaItem> item = view.media(id)) media.push_back(as_json(*item, view));
  if (!found.product && media.size() == 1) {
    json = media.front();
  } else {
    if (found.product) json["product"] = as_json(*found.product);
    json["media"] = media;
  }
  if (!found.note.empty()) json["note"] = found.note;
  fmt::print("{}\n", plain_line(json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)));
}

void print_product(const Product& product, std::size_t media) {
  fmt::print("product {}  {}\n", product.id, product.status);
  if (!product.cnk.empty()) fmt::print("  cnk         {}\n", product.cnk);
  if (!product.eans.empty()) fmt::print("  ean         {}\n", fmt::join(product.eans, ", "));
  for (const auto& [locale, name] : product.names) fmt::print("  name {:<6} {}\n", locale, name);
  fmt::print("  media       {}\n", media);
}

void print_medium(const Config& config, const IndexView& view, MediaId id) {
  const std::optional<MediaItem> item = view.media(id);
  if (!item) {
    fmt::print("media {}: no run has seen it: the selection does not name it, or it is not listed\n", id);
    return;
  }
  print_item(*item);
  const auto assets = view.assets_of(id);
  for (const auto& [format, record] : assets) print_asset(config, view, {id, format}, record);
  if (assets.empty())
    fmt::print("{}\n", item->kind == MediaKind::link
                           ? "a link is listed, not fetched"
                           : "nothing of it is wanted: its kind or formats are not selected");
  for (const auto& [format, published] : view.published_of(id))
    fmt::print("published {:<10} {}\n", format, (config.media_dir / published.path).native());
}

[[noreturn]] void say_unknown(const std::string& words, const IndexView& view) {
  const auto code = read_code(words, 0);
  const auto* wrong = std::get_if<WrongCode>(&code);
  std::string why = "no run has seen a medium, code, Medipim id, file or address of that name";
  if (wrong != nullptr && wrong->reason == "wrong_check_digit")
    why = fmt::format("it is no media id, and as an EAN or GTIN {}", wrong->detail);
  else if (is_digits(words))
    why = "no run has seen a medium of that id, or a product of that code";
  if (wrong == nullptr && view.product_count() == 0)
    why += "; the mirror knows no products yet: set products.list = true or select.codes_file, and sync";
  throw Error(ErrorKind::usage, fmt::format("nothing is known of \"{}\": {}", words, why));
}

}  // namespace

ExitStatus show_command(const Config& config, const std::string& what, bool json) {
  const std::unique_ptr<Index> index = open_mirror(config);
  const IndexView view = index->view();
  const Found found = look_up(what, view);
  if (found.nothing()) say_unknown(what, view);
  if (json) {
    print_json(found, view);
    return ExitStatus::done;
  }
  if (found.product) print_product(*found.product, found.media.size());
  for (const MediaId id : found.media) print_medium(config, view, id);
  if (!found.note.empty()) fmt::print("note: {}\n", found.note);
  return ExitStatus::done;
}

}  // namespace medimirror
