#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/index.h"
#include "store/setting_names.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class IndexViews : public testing::Test {
 protected:
  void put(const ViewNumberKey& key, const ViewNumber& number) {
    IndexGroup group = index_->group();
    group.put_view_number(key, number);
    group.commit();
  }
  void make_fresh() {
    IndexGroup group = index_->group();
    group.put_setting(kViewsStaleSetting, "");
    group.commit();
  }

  TemporaryFolder folder_;
  std::unique_ptr<Index> index_ = Index::open(folder_.path() / "index", {.durable = false});
};

TEST_F(IndexViews, NumbersAreFoundByViewAndProduct) {
  put({"by-cnk", "M1", 9}, {2, 0});
  put({"by-cnk", "M1", 300}, {1, 1'700'000'000});
  put({"by-cnk", "M10", 9}, {7, 0});
  put({"by-cnk-small", "M1", 9}, {8, 0});
  const IndexView view = index_->view();
  EXPECT_THAT(view.view_numbers("by-cnk", "M1"),
              ElementsAre(Pair(9, ViewNumber{2, 0}), Pair(300, ViewNumber{1, 1'700'000'000})));
  EXPECT_THAT(view.view_numbers("by-cnk", "M10"), ElementsAre(Pair(9, ViewNumber{7, 0})));
  EXPECT_THAT(view.view_numbers("by", "M1"), IsEmpty());
  std::vector<ViewNumberKey> all;
  view.each_view_number([&](const ViewNumberKey& key, const ViewNumber&) {
    all.push_back(key);
    return true;
  });
  EXPECT_THAT(all, ElementsAre(ViewNumberKey{"by-cnk", "M1", 9}, ViewNumberKey{"by-cnk", "M1", 300},
                               ViewNumberKey{"by-cnk", "M10", 9}, ViewNumberKey{"by-cnk-small", "M1", 9}));
}

TEST_F(IndexViews, AProductsIdMayHoldAZeroByte) {
  const std::string odd("M1\0x", 4);
  put({"v", odd, 1}, {3, 0});
  put({"v", "M1", 1}, {4, 0});
  EXPECT_THAT(index_->view().view_numbers("v", "M1"), ElementsAre(Pair(1, ViewNumber{4, 0})));
  EXPECT_THAT(index_->view().view_numbers("v", odd), ElementsAre(Pair(1, ViewNumber{3, 0})));
  EXPECT_EQ(decode_view_number_key(encode_key(ViewNumberKey{"v", odd, 1}))->product, odd);
}

TEST_F(IndexViews, ANumberIsForgotten) {
  put({"v", "M1", 1}, {1, 0});
  IndexGroup group = index_->group();
  group.remove_view_number({"v", "M1", 1});
  group.commit();
  EXPECT_THAT(index_->view().view_numbers("v", "M1"), IsEmpty());
}

TEST_F(IndexViews, WhatConcernsViewsMakesThemStale) {
  make_fresh();
  EXPECT_FALSE(index_->view().views_are_stale());
  {
    IndexGroup group = index_->group();
    group.mark_unpublished({1, "huge"});
    group.commit();
  }
  EXPECT_TRUE(index_->view().views_are_stale());
  ProductRecord record;
  record.product.id = "M1";
  for (const bool remove : {false, true}) {
    make_fresh();
    IndexGroup group = index_->group();
    remove ? group.remove_product("M1") : group.put_product(record);
    group.commit();
    EXPECT_TRUE(index_->view().views_are_stale());
  }
  make_fresh();
  IndexGroup group = index_->group();
  group.remove_product("M1");  // is not there: nothing changes
  EXPECT_FALSE(group.views_are_stale());
}

TEST_F(IndexViews, NamesThatAreTooLongAreAFault) {
  IndexGroup group = index_->group();
  EXPECT_THROW(group.put_view_number({std::string(kViewNameBytesMax + 1, 'v'), "M1", 1}, {1, 0}), Error);
}

TEST(ViewNumberRecord, IsReadBackAndDamageIsNoticed) {
  const ViewNumber number{70'000, 1'800'000'000};
  const std::string bytes = encode(number);
  EXPECT_EQ(decode_view_number(bytes), number);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_EQ(decode_view_number(damaged), std::nullopt) << "byte " << i;
  }
  EXPECT_EQ(decode_view_number(bytes + "x"), std::nullopt);
  EXPECT_EQ(decode_view_number(""), std::nullopt);
}

TEST(ViewNumberKey, WhatIsNoKeyIsRefused) {
  const std::string key = encode_key(ViewNumberKey{"v", "M1", 5});
  EXPECT_EQ(decode_view_number_key(key), (ViewNumberKey{"v", "M1", 5}));
  EXPECT_EQ(decode_view_number_key("v"), std::nullopt);
  EXPECT_EQ(decode_view_number_key(key.substr(1, 3)), std::nullopt);
  EXPECT_EQ(decode_view_number_key(std::string("v\0M1", 4)), std::nullopt);
}

TEST(ViewFormat, IsToldBySlash) {
  EXPECT_TRUE(is_view_format("by-cnk/M1"));
  EXPECT_FALSE(is_view_format("huge"));
  EXPECT_EQ(view_of_format("by-cnk/M1/0012345"), "by-cnk");
}

}  // namespace
}  // namespace medimirror
