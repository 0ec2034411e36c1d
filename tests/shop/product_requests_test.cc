#include "shop/product_requests.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace medimirror {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

std::vector<AskedCode> cnks(std::size_t count) {
  std::vector<AskedCode> codes;
  for (std::size_t i = 0; i < count; ++i) codes.push_back({fmt::format("{:07}", i), CodeKind::cnk, 1, {}});
  return codes;
}

TEST(ProductRequests, AsksForEachKindByItsKey) {
  const std::vector<AskedCode> codes{{"0012345", CodeKind::cnk, 1, {}},
                                     {"5400000000010", CodeKind::gtin, 2, {}},
                                     {"M5489B0D8B", CodeKind::product_id, 3, {}}};
  EXPECT_THAT(plan_product_requests(codes, 45).filters,
              ElementsAre(R"({"or":[{"cnk":["0012345"]},{"ean":["5400000000010","05400000000010"]},)"
                          R"({"id":["M5489B0D8B"]}]})"));
}

TEST(ProductRequests, OneKindNeedsNoOr) {
  EXPECT_THAT(plan_product_requests(cnks(2), 45).filters, ElementsAre(R"({"cnk":["0000000","0000001"]})"));
}

TEST(ProductRequests, PutsAThousandIdentifiersIntoARequest) {
  EXPECT_THAT(plan_product_requests(cnks(1000), 45).filters, SizeIs(1));
  EXPECT_THAT(plan_product_requests(cnks(1001), 45).filters, SizeIs(2));
  EXPECT_THAT(plan_product_requests(cnks(45'000), 45).filters, SizeIs(45));
  EXPECT_FALSE(plan_product_requests(cnks(45'000), 45).everything);
}

TEST(ProductRequests, ListsEverythingWhenThatIsCheaper) {
  const ProductRequests plan = plan_product_requests(cnks(45'001), 45);
  EXPECT_TRUE(plan.everything);
  EXPECT_THAT(plan.filters, ElementsAre(every_product_filter()));
  EXPECT_THAT(plan.sentence, HasSubstr("46"));
}

}  // namespace
}  // namespace medimirror
