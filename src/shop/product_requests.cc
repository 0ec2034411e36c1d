#include "shop/product_requests.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/product_code.h"
#include "base/units.h"

namespace medimirror {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 3> kFilterKeys{"cnk", "ean", "id"};

std::string filter_of(std::array<Json, 3>& lists) {
  Json any = Json::array();
  for (std::size_t i = 0; i < lists.size(); ++i)
    if (!lists[i].empty()) any.push_back({{kFilterKeys[i], std::move(lists[i])}});
  lists.fill(Json::array());
  return any.size() == 1 ? any[0].dump() : Json{{"or", any}}.dump();
}

std::vector<std::string> filters_of(std::span<const AskedCode> codes) {
  std::vector<std::string> filters;
  std::array<Json, 3> lists{Json::array(), Json::array(), Json::array()};
  std::size_t count = 0;
  for (const AskedCode& code : codes) {
    const std::vector<std::string> spellings =
        code.kind == CodeKind::gtin ? gtin_spellings(code.text) : std::vector{code.text};
    if (count + spellings.size() > kIdentifiersPerFilterMax) {
      filters.push_back(filter_of(lists));
      count = 0;
    }
    for (const std::string& spelling : spellings)
      lists[code.kind == CodeKind::cnk ? 0 : code.kind == CodeKind::gtin ? 1 : 2].push_back(spelling);
    count += spellings.size();
  }
  if (count > 0) filters.push_back(filter_of(lists));
  return filters;
}

}  // namespace

// The service wants a filter, and has none that says "all"; every product either has its minimum content or not.
std::string every_product_filter() {
  return R"({"or":[{"minimumContent":true},{"minimumContent":false}]})";
}

ProductRequests plan_product_requests(std::span<const AskedCode> codes, std::size_t requests_per_minute) {
  ProductRequests plan;
  plan.filters = filters_of(codes);
  const std::size_t count = plan.filters.size();
  if (count <= requests_per_minute) {
    plan.sentence = fmt::format("the products of {} codes are asked for by {} {}", format_count(codes.size()),
                                count, count == 1 ? "request" : "requests");
    return plan;
  }
  plan.everything = true;
  plan.filters = {every_product_filter()};
  plan.sentence = fmt::format(
      "all products are listed by one request, since asking for {} codes would take {}, more than a minute's "
      "worth",
      format_count(codes.size()), count);
  return plan;
}

}  // namespace medimirror
