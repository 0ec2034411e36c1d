#include "feed/systems.h"

#include <algorithm>
#include <array>
#include <utility>

namespace medimirror {

namespace {

constexpr std::array<std::pair<FeedSystem, std::string_view>, 9> kNames = {{
    {FeedSystem::magento, "magento"},
    {FeedSystem::woocommerce, "woocommerce"},
    {FeedSystem::prestashop, "prestashop"},
    {FeedSystem::shopware, "shopware"},
    {FeedSystem::shopify, "shopify"},
    {FeedSystem::google, "google"},
    {FeedSystem::csv, "csv"},
    {FeedSystem::jsonl, "jsonl"},
    {FeedSystem::sqlite, "sqlite"},
}};

constexpr std::uint64_t kMegabyte = 1'000'000;

// PHP reads \" as a quote inside a cell, whatever RFC 4180 says, so that a name which ends in a backslash would swallow
// the cells behind it. None of the shops written in PHP can be given one.
constexpr std::string_view kPhpForbidden = "\\";

FeedRules magento() {
  FeedRules rules;
  rules.title = "Magento 2";
  rules.extension = "csv";
  rules.formats = {ImageFormat::jpeg, ImageFormat::png, ImageFormat::gif};
  rules.name_bytes_max = 90;
  rules.lower_case_names = true;
  rules.title_max = rules.text_max = 255;
  rules.text_forbidden = kPhpForbidden;
  return rules;
}

FeedRules woocommerce() {
  FeedRules rules;
  rules.title = "WooCommerce";
  rules.extension = "csv";
  rules.formats = {ImageFormat::jpeg, ImageFormat::png, ImageFormat::gif, ImageFormat::webp,
                   ImageFormat::avif};
  rules.text_forbidden = kPhpForbidden;
  return rules;
}

FeedRules prestashop() {
  FeedRules rules;
  rules.title = "PrestaShop";
  rules.extension = "csv";
  rules.formats = {ImageFormat::jpeg, ImageFormat::png, ImageFormat::webp, ImageFormat::avif};
  rules.title_max = 128;
  rules.text_max = 128;
  rules.text_forbidden =
      "<>={}\\";  // a text with one of the first five fails its check, and the picture with it
  return rules;
}

FeedRules shopware() {
  FeedRules rules;
  rules.title = "Shopware 6";
  rules.extension = "csv";
  rules.formats = {ImageFormat::jpeg, ImageFormat::png, ImageFormat::webp};
  rules.title_max = rules.text_max = 255;
  rules.text_forbidden = kPhpForbidden;
  return rules;
}

FeedRules shopify() {
  FeedRules rules;
  rules.title = "Shopify";
  rules.extension = "csv";
  rules.formats = {ImageFormat::jpeg, ImageFormat::png, ImageFormat::gif, ImageFormat::webp};
  rules.bytes_max = 20 * kMegabyte;
  rules.side_max = 4472;
  rules.pictures_max = 250;
  rules.size_suffixes = true;
  rules.https_only = true;
  rules.file_bytes_max = 15 * kMegabyte;
  rules.needs_name = true;
  rules.title_max = 255;
  rules.text_max = 512;
  return rules;
}

FeedRules google() {
  FeedRules rules;
  rules.title = "Google Merchant Center";
  rules.extension = "tsv";
  rules.formats = {ImageFormat::jpeg, ImageFormat::png, ImageFormat::gif, ImageFormat::webp};
  rules.bytes_max = 16 * kMegabyte;
  rules.pixels_max = 64'000'000;
  rules.side_min = 100;
  rules.pictures_max = 11;  // one, and ten additional ones
  rules.url_bytes_max = 2000;
  rules.title_max = 150;
  rules.text_forbidden = "\"\t\n\r";  // the file has no way to quote
  return rules;
}

FeedRules ours(std::string_view title, std::string_view extension) {
  FeedRules rules;
  rules.title = title;
  rules.extension = extension;
  rules.is_shop = false;
  return rules;
}

}  // namespace

std::optional<FeedSystem> parse_feed_system(std::string_view name) {
  const auto found = std::ranges::find(kNames, name, &std::pair<FeedSystem, std::string_view>::second);
  return found == kNames.end() ? std::nullopt : std::optional(found->first);
}

std::vector<std::string> feed_system_names() {
  std::vector<std::string> names;
  names.reserve(kNames.size());
  for (const auto& [system, name] : kNames) names.emplace_back(name);
  return names;
}

const FeedRules& rules_of(FeedSystem system) {
  static const std::array<FeedRules, 9> kRules = {magento(),
                                                  woocommerce(),
                                                  prestashop(),
                                                  shopware(),
                                                  shopify(),
                                                  google(),
                                                  ours("CSV", "csv"),
                                                  ours("JSON Lines", "jsonl"),
                                                  ours("SQLite", "sqlite")};
  return kRules[static_cast<std::size_t>(system)];
}

}  // namespace medimirror
