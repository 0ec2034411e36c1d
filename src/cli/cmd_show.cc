#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/units.h"
#include "cli/commands.h"
#include "http/url.h"
#include "store/index.h"
#include "writer.h"

namespace medimirror {

namespace {

std::string shown(const std::string& url) {
  const std::optional<Url> parsed = parse_url(url);
  return parsed ? parsed->display() : url;
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
      return fmt::format("failed: {}{}", record.attempts.empty() ? "" : record.attempts.back().detail, kept);
    case AssetState::retired:
      return fmt::format("retired {}: the listing no longer names it", format_utc(record.retired_at));
  }
  return "";
}

void print_item(const MediaItem& item) {
  fmt::print("media {}  {}{}{}\n", item.id, name_of(item.kind), item.photo_type.empty() ? "" : ", ",
             item.photo_type);
  if (!item.link_url.empty()) fmt::print("  link        {} {}\n", item.link_type, shown(item.link_url));
  if (!item.locales.empty()) fmt::print("  locales     {}\n", fmt::join(item.locales, ", "));
  if (!item.target_groups.empty()) fmt::print("  for         {}\n", fmt::join(item.target_groups, ", "));
  if (item.created_at) fmt::print("  created     {}\n", format_utc(*item.created_at));
  if (item.updated_at) fmt::print("  updated     {}\n", format_utc(*item.updated_at));
  for (const MediaFormat& format : item.formats)
    fmt::print("  offered     {:<14} {}\n", format.key, shown(format.url));
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
      if (!blob->info.note.empty()) fmt::print("  note        {}\n", blob->info.note);
    }
    fmt::print("  fetched     {}\n", format_utc(record.fetched_at));
  }
  for (const Attempt& attempt : record.attempts)
    fmt::print("  attempt     {}  run {}: {}{}{}{}\n", format_utc(attempt.at), attempt.run, attempt.outcome,
               attempt.tries > 1 ? fmt::format(" ({} requests)", attempt.tries) : "",
               attempt.detail.empty() ? "" : ": ", attempt.detail);
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

void print_json(const MediaItem& item, const IndexView& view) {
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
  fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

ExitStatus show_command(const Config& config, MediaId id, bool json) {
  if (!std::filesystem::exists(config.store_dir / "index"))
    throw Error(ErrorKind::usage, fmt::format("there is no mirror in {} yet: `medimirror sync` makes it",
                                              config.root.native()));
  Index::Options options;
  options.read_only = true;
  const std::unique_ptr<Index> index = Index::open(config.store_dir / "index", options);
  const IndexView view = index->view();
  const std::optional<MediaItem> item = view.media(id);
  if (!item)
    throw Error(
        ErrorKind::usage,
        fmt::format("no run has seen media {}: the selection does not name it, or it is not listed", id));
  if (json) {
    print_json(*item, view);
    return ExitStatus::done;
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
  return ExitStatus::done;
}

}  // namespace medimirror
