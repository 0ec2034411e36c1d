#include "cli/lookup.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/ascii.h"
#include "base/product_code.h"
#include "http/url.h"
#include "shop/code_resolution.h"

namespace medimirror {

namespace {

constexpr std::size_t kDigestLetters = 64;

Found of_medium(const std::string& words, const IndexReader& index) {
  const std::optional<MediaId> id = whole_number<MediaId>(words);
  Found found;
  if (id && index.media(*id)) found.media = {*id};
  return found;
}

Found of_product(const std::string& words, const IndexReader& index) {
  Found found;
  const auto code = read_code(words, 0);
  const auto* asked = std::get_if<AskedCode>(&code);
  if (asked == nullptr) return found;
  const std::vector<std::string> ids = products_of(*asked, index);
  if (ids.empty()) return found;
  found.product = index.product(ids.front())->product;
  if (ids.size() > 1) found.note = fmt::format("several products have this code: {}", fmt::join(ids, ", "));
  std::set<MediaId> media;
  for (const ProductMedia& each : found.product->media) media.insert(each.id);
  found.media.assign(media.begin(), media.end());
  return found;
}

// A number may be both. One with a zero in front is a code: ids have none.
Found of_number_or_code(const std::string& words, const IndexReader& index) {
  Found medium = of_medium(words, index), product = of_product(words, index);
  if (product.nothing()) return medium;
  if (medium.nothing()) return product;
  if (words.starts_with('0')) {
    product.note = fmt::format("there is a medium {0} too: `medimirror show {0}`", medium.media.front());
    return product;
  }
  medium.note = fmt::format("it is a code of product {0} too: `medimirror show {0}`", product.product->id);
  return medium;
}

enum class Query { kept, left_out };

// "https://host:443/a%20b.jpg?x=1" -> "host/a%20b.jpg"; "C:\media\1.jpg" -> "C:/media/1.jpg".
std::string address_of(std::string_view words, Query query) {
  const auto url = parse_url(words.starts_with("//") ? fmt::format("https:{}", words) : std::string(words));
  if (url && url->is_http())
    return url->host + url->path + (query == Query::kept && url->query ? "?" + *url->query : "");
  std::string address(words.substr(0, words.find_first_of(query == Query::kept ? "#" : "?#")));
  if (address.find('/') == address.npos) std::ranges::replace(address, '\\', '/');
  while (address.starts_with("./")) address.erase(0, 2);
  return address;
}

bool ends_with_part(std::string_view whole, std::string_view part) {
  return whole.ends_with(part) && (whole.size() == part.size() || part.starts_with('/') ||
                                   whole[whole.size() - part.size() - 1] == '/');
}

bool is_same_address(std::string_view one, std::string_view other) {
  return !one.empty() && !other.empty() && (ends_with_part(one, other) || ends_with_part(other, one));
}

std::set<MediaId> published_at(std::string_view address, const IndexReader& index) {
  std::set<MediaId> media;
  index.each_published([&](const AssetKey& key, const PublishedRecord& record) {
    if (is_same_address(record.path, address)) media.insert(key.media);
    return true;
  });
  return media;
}

std::set<MediaId> listed_at(std::string_view words, Query query, const IndexReader& index) {
  const std::string address = address_of(words, query);
  std::set<MediaId> media;
  index.each_media([&](const MediaItem& item) {
    const auto is_it = [&](const std::string& url) {
      return is_same_address(address_of(url, query), address);
    };
    if (is_it(item.link_url) ||
        std::ranges::any_of(item.formats, [&](const MediaFormat& format) { return is_it(format.url); }))
      media.insert(item.id);
    return true;
  });
  return media;
}

// The file name of a blob is its digest.
std::optional<Digest> digest_in(std::string_view address) {
  std::string name(address.substr(address.rfind('/') + 1));
  if (name.size() != kDigestLetters) return std::nullopt;
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
  return Digest::parse(name);
}

std::set<MediaId> with_bytes(const Digest& digest, const IndexReader& index) {
  std::set<MediaId> media;
  index.each_asset([&](const AssetKey& key, const AssetRecord& record) {
    if (record.digest == digest) media.insert(key.media);
    return true;
  });
  index.each_published([&](const AssetKey& key, const PublishedRecord& record) {
    if (record.digest == digest) media.insert(key.media);
    return true;
  });
  return media;
}

Found of_address(const std::string& words, const IndexReader& index) {
  const std::string address = address_of(words, Query::left_out);
  std::set<MediaId> media;
  if (const auto digest = digest_in(address)) media = with_bytes(*digest, index);
  if (media.empty()) media = published_at(address, index);
  for (const Query query : {Query::kept, Query::left_out})
    if (media.empty()) media = listed_at(words, query, index);
  Found found;
  found.media.assign(media.begin(), media.end());
  return found;
}

}  // namespace

Found look_up(const std::string& words, const IndexReader& index) {
  Found found = of_number_or_code(words, index);
  return found.nothing() ? of_address(words, index) : found;
}

}  // namespace medimirror
