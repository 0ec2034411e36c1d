#include "sandbox/api.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace medimirror::sandbox {
namespace {

using nlohmann::json;

constexpr std::pair<std::string_view, std::string_view> kEndpoints[] = {
    {"/v4/media/query", "media_query"},         {"/v4/media/stream", "media_stream"},
    {"/v4/media/find", "media_find"},           {"/v4/products/query", "products_query"},
    {"/v4/products/stream", "products_stream"}, {"/v4/products/find", "products_find"}};

constexpr std::chrono::seconds kLimitWindow{60};

std::string decode_base64(std::string_view text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) break;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> count);
    }
  }
  return out;
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return (x | 32) == (y | 32); });
}

struct ListingRequest {
  json filter;
  Sorting sorting = Sorting::id;
  bool descending = false;
  std::uint64_t page = 0, size = 100;
};

void read_sorting(const json& sorting, ListingRequest& into, std::vector<Violation>& violations) {
  if (!sorting.is_object() || sorting.size() != 1)
    return violations.push_back(
        {"sorting", "must be an object with exactly one key: id, createdAt or touchedAt"});
  const std::string& key = sorting.begin().key();
  const json& direction = sorting.begin().value();
  if (key != "id" && key != "createdAt" && key != "touchedAt")
    return violations.push_back({"sorting." + key, "unknown sorting; there are id, createdAt and touchedAt"});
  if (direction != "ASC" && direction != "DESC")
    return violations.push_back({"sorting." + key, "must be \"ASC\" or \"DESC\""});
  into.sorting = key == "touchedAt" ? Sorting::touched_at : Sorting::id;
  into.descending = direction == "DESC";
}

void read_page(const json& page, ListingRequest& into, std::vector<Violation>& violations) {
  if (!page.is_object()) return violations.push_back({"page", "must be an object with \"no\" and \"size\""});
  for (const auto& [key, value] : page.items()) {
    if (key == "no") {
      if (!value.is_number_unsigned() || value.get<std::uint64_t>() > 1'000'000'000) {
        violations.push_back({"page.no", "must be a number from 0 on"});
      } else {
        into.page = value.get<std::uint64_t>();
      }
    } else if (key == "size") {
      if (value != 10 && value != 50 && value != 100 && value != 250) {
        violations.push_back({"page.size", "must be one of 10, 50, 100, 250"});
      } else {
        into.size = value.get<std::uint64_t>();
      }
    } else {
      violations.push_back({"page." + key, "unknown key"});
    }
  }
  if (!page.contains("no")) violations.push_back({"page.no", "is required"});
}

ListingRequest read_listing_request(const std::string& body, bool with_page,
                                    std::vector<Violation>& violations) {
  ListingRequest request;
  const json document = json::parse(body, nullptr, false);
  if (!document.is_object()) {
    violations.push_back({"", "the body must be a JSON object"});
    return request;
  }
  for (const auto& [key, value] : document.items()) {
    if (key == "filter") {
      request.filter = value;
    } else if (key == "sorting") {
      read_sorting(value, request, violations);
    } else if (key == "page" && with_page) {
      read_page(value, request, violations);
    } else {
      violations.push_back({key, key == "page" ? "a stream has no pages" : "unknown key"});
    }
  }
  if (!document.contains("filter")) violations.push_back({"filter", "is required"});
  if (!document.contains("sorting")) violations.push_back({"sorting", "is required"});
  if (with_page && !document.contains("page")) violations.push_back({"page", "is required"});
  return request;
}

}  // namespace

std::string_view endpoint_of(std::string_view path) {
  for (const auto& [known, name] : kEndpoints)
    if (path == known) return name;
  if (path.starts_with("/media/")) return "media_file";
  if (path.starts_with("/sandbox/")) return "admin";
  return "unknown";
}

bool is_stream(std::string_view endpoint) {
  return endpoint.ends_with("_stream");
}
bool is_listing(std::string_view endpoint) {
  return is_stream(endpoint) || endpoint.ends_with("_query");
}

std::optional<Reply> Api::refuse_access(const Request& request) const {
  const auto not_authenticated = [](std::string_view message) {
    Reply reply = error_reply(401, "authentication.not_authenticated", message);
    reply.headers.emplace_back("WWW-Authenticate", "Basic realm=\"medimirror-sandbox\"");
    return reply;
  };
  if (request.authorization.empty()) return not_authenticated("No credentials were sent");
  const std::size_t space = request.authorization.find(' ');
  if (space == std::string::npos ||
      !same_word(std::string_view(request.authorization).substr(0, space), "basic"))
    return error_reply(403, "authentication.wrong_method", "Use HTTP Basic: the key id and the secret");
  const std::string pair = decode_base64(std::string_view(request.authorization).substr(space + 1));
  const std::size_t colon = pair.find(':');
  const std::string id = pair.substr(0, colon);
  if (colon == std::string::npos || pair.substr(colon + 1) != options_.secret ||
      (id != options_.key_id && id != options_.expired_key_id))
    return not_authenticated("The API key or its secret is wrong");
  if (id != options_.key_id) return error_reply(403, "authentication.expired", "The API key has expired");
  return std::nullopt;
}

std::optional<Reply> Api::refuse_excess() {
  if (options_.requests_per_minute == 0) return std::nullopt;
  const SteadyTime now = clock_.steady_now();
  const std::lock_guard lock(mutex_);
  while (!recent_.empty() && recent_.front() <= now - kLimitWindow) recent_.pop_front();
  if (recent_.size() < static_cast<std::size_t>(options_.requests_per_minute)) {
    recent_.push_back(now);
    return std::nullopt;
  }
  Reply reply = error_reply(429, "too_many_requests", "Too many requests in the last minute");
  if (options_.retry_after > 0)
    reply.headers.emplace_back("Retry-After", std::to_string(options_.retry_after));
  return reply;
}

Reply Api::answer(const Request& request, std::shared_ptr<const Catalogue> catalogue, const MediaHosts& hosts,
                  ListingLie lie) {
  const std::string_view endpoint = endpoint_of(request.path);
  if (endpoint == "unknown") return error_reply(404, "not_found", "There is nothing at this address");
  const std::string_view method = is_listing(endpoint) ? "POST" : "GET";
  if (request.method != method && !(method == "GET" && request.method == "HEAD")) {
    Reply reply = error_reply(405, "method_not_allowed", "This endpoint takes another HTTP method");
    reply.headers.emplace_back("Allow", method);
    return reply;
  }
  if (auto refused = refuse_access(request)) return *std::move(refused);
  if (auto refused = refuse_excess()) return *std::move(refused);

  Reply reply = endpoint == "media_find"      ? find_media(request, *catalogue, hosts)
                : endpoint == "products_find" ? find_product(request, *catalogue, hosts)
                                              : list(request, endpoint, std::move(catalogue), hosts, lie);
  reply.compressible = true;
  return reply;
}

Reply Api::find_media(const Request& request, const Catalogue& catalogue, const MediaHosts& hosts) const {
  const std::string* const text = request.parameter("id");
  std::uint64_t id = 0;
  if (text == nullptr ||
      std::from_chars(text->data(), text->data() + text->size(), id).ptr != text->data() + text->size() ||
      text->empty())
    return error_reply(422, "validation", "The request is not valid", {{"id", "must be a number"}});
  const auto index = catalogue.media_index(id);
  if (!index || catalogue.removed(*index))
    return error_reply(404, "not_found", "There is no such media item");
  std::string body;
  JsonText json(body);
  json.open_object();
  json.key("mediaItem");
  write_media(json, catalogue, hosts, catalogue.media(*index, catalogue.lines(*index) - 1), std::nullopt);
  json.close_object();
  return json_reply(std::move(body));
}

Reply Api::find_product(const Request& request, const Catalogue& catalogue, const MediaHosts& hosts) const {
  std::optional<ProductIndex> found;
  const std::string* const id = request.parameter("id");
  const std::string* const cnk = request.parameter("cnk");
  const std::string* const ean = request.parameter("ean");
  if (id != nullptr) {
    found = catalogue.product_index(*id);
  } else if (cnk != nullptr || ean != nullptr) {
    for (ProductIndex index = 0; index < catalogue.product_count() && !found; ++index) {
      const ProductFacts facts = catalogue.product(index);
      const bool same = cnk != nullptr
                            ? !cnk->empty() && facts.cnk == *cnk
                            : std::find(facts.eans.begin(), facts.eans.end(), *ean) != facts.eans.end();
      if (same) found = index;
    }
  } else {
    return error_reply(422, "validation", "The request is not valid",
                       {{"id", "one of id, cnk and ean is required"}});
  }
  if (!found) return error_reply(404, "not_found", "There is no such product");
  std::string body;
  JsonText json(body);
  json.open_object();
  json.key("product");
  write_product(json, catalogue, hosts, catalogue.product(*found));
  json.close_object();
  return json_reply(std::move(body));
}

Reply Api::list(const Request& request, std::string_view endpoint, std::shared_ptr<const Catalogue> catalogue,
                const MediaHosts& hosts, ListingLie lie) const {
  const bool stream = is_stream(endpoint);
  std::vector<Violation> violations;
  const ListingRequest wanted = read_listing_request(request.body, !stream, violations);
  const FilterContext context{catalogue.get(), clock_.unix_now()};
  std::unique_ptr<Rows> rows;
  if (!wanted.filter.is_null()) {
    if (endpoint.starts_with("media_")) {
      rows = media_rows(catalogue, hosts, parse_media_filter(wanted.filter, context, violations));
    } else {
      rows = product_rows(catalogue, hosts, parse_product_filter(wanted.filter, context, violations));
    }
  } else if (violations.empty()) {
    violations.push_back({"filter", "must be an object"});
  }
  if (!violations.empty()) return error_reply(422, "validation", "The request is not valid", violations);

  auto listing = std::make_shared<Listing>(std::move(rows), wanted.sorting, wanted.descending, lie);
  if (!stream) return json_reply(listing->page(wanted.page, wanted.size));
  Reply reply;
  if (listing->rows() == 0) {
    reply.status = 204;
    return reply;
  }
  reply.content_type = "application/x-json-stream";
  // Shared because std::function copies; one thread uses it.
  reply.producer = [listing](std::string& out) { return listing->next_lines(out) ? More::yes : More::no; };
  return reply;
}

}  // namespace medimirror::sandbox
