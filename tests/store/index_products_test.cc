#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/index.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class IndexProducts : public testing::Test {
 protected:
  void put(const ProductRecord& record) {
    IndexGroup group = index_->group();
    group.put_product(record);
    group.commit();
  }

  TemporaryFolder folder_;
  std::unique_ptr<Index> index_ = Index::open(folder_.path() / "index", {.durable = false});
};

ProductRecord record_of(const std::string& id, const std::string& cnk, std::vector<std::string> eans,
                        std::vector<MediaId> media, std::uint64_t fingerprint) {
  ProductRecord record;
  record.product = {id, "active", cnk, std::move(eans), {{"nl", "Pil"}}, {}, 17};
  for (const MediaId one : media) record.product.media.push_back({one, MediaKind::frontal, 3, {"nl", "fr"}});
  record.fingerprint.high = 7;
  record.fingerprint.low = fingerprint;
  return record;
}

TEST_F(IndexProducts, AProductIsFoundByItsIdItsCodesItsMediaAndItsLine) {
  const ProductRecord record = record_of("M1", "0012345", {"036000291452"}, {5, 6}, 1);
  put(record);
  const IndexView view = index_->view();
  EXPECT_EQ(view.product("M1"), record);
  EXPECT_EQ(view.product("M2"), std::nullopt);
  EXPECT_EQ(view.product(""), std::nullopt);
  EXPECT_THAT(view.products_of_code("0012345"), ElementsAre("M1"));
  EXPECT_THAT(view.products_of_code("12345"), IsEmpty());  // the zeros count
  EXPECT_THAT(view.products_of_code("0036000291452"), ElementsAre("M1"));
  EXPECT_THAT(view.products_of_code("001234"), IsEmpty());  // no prefix of a code
  EXPECT_THAT(view.products_of_media(6), ElementsAre("M1"));
  EXPECT_EQ(view.product_listed_as({7, 1}), "M1");
  EXPECT_EQ(view.product_listed_as({1, 7}), std::nullopt);
  EXPECT_EQ(view.product_count(), 1u);
}

TEST_F(IndexProducts, SeveralProductsShareACodeAndAPicture) {
  put(record_of("M1", "", {"5400000000010"}, {5}, 1));
  put(record_of("M2", "", {"05400000000010", "5400000000010"}, {5}, 2));
  EXPECT_THAT(index_->view().products_of_code("5400000000010"), ElementsAre("M1", "M2"));
  EXPECT_THAT(index_->view().products_of_media(5), ElementsAre("M1", "M2"));
}

TEST_F(IndexProducts, AChangedProductIsNotFoundByWhatItHadBefore) {
  put(record_of("M1", "0012345", {"5400000000010"}, {5, 6}, 1));
  put(record_of("M1", "0012346", {"5400000000010"}, {6, 7}, 2));
  const IndexView view = index_->view();
  EXPECT_THAT(view.products_of_code("0012345"), IsEmpty());
  EXPECT_THAT(view.products_of_code("0012346"), ElementsAre("M1"));
  EXPECT_THAT(view.products_of_code("5400000000010"), ElementsAre("M1"));
  EXPECT_THAT(view.products_of_media(5), IsEmpty());
  EXPECT_THAT(view.products_of_media(7), ElementsAre("M1"));
  EXPECT_EQ(view.product_listed_as({7, 1}), std::nullopt);
  EXPECT_EQ(view.product_listed_as({7, 2}), "M1");
}

TEST_F(IndexProducts, ARemovedProductLeavesNothing) {
  put(record_of("M1", "0012345", {"5400000000010"}, {5}, 1));
  IndexGroup group = index_->group();
  group.remove_product("M1");
  group.remove_product("M2");
  group.commit();
  const IndexView view = index_->view();
  EXPECT_EQ(view.product_count(), 0u);
  EXPECT_THAT(view.products_of_code("0012345"), IsEmpty());
  EXPECT_THAT(view.products_of_code("5400000000010"), IsEmpty());
  EXPECT_THAT(view.products_of_media(5), IsEmpty());
  EXPECT_EQ(view.product_listed_as({7, 1}), std::nullopt);
}

TEST_F(IndexProducts, CodesNoShopWouldUseDoNoHarm) {
  put(record_of("M1",
                std::string("00\0"
                            "123",
                            6),
                {std::string(5'000, '1'), "x"}, {}, 1));
  EXPECT_THAT(index_->view().products_of_code("x"), ElementsAre("M1"));
  EXPECT_THAT(index_->view().products_of_code(std::string(5'000, '1')), IsEmpty());
}

}  // namespace
}  // namespace medimirror
