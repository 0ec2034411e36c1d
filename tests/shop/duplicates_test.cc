#include "shop/duplicates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "base/file.h"
#include "base/sha256.h"
#include "shop/duplicate_files.h"
#include "shop/near_prints.h"
#include "support/temporary_folder.h"

namespace medimirror {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Cells that look like nothing else of another seed, and `noise` levels beside those of the same seed.
PrintCells cells(unsigned seed, int noise = 0) {
  std::minstd_rand dice(seed + 1), shake(seed * 100 + static_cast<unsigned>(noise));
  PrintCells made;
  made.aspect = 0.5 + seed % 7 * 0.2;
  for (std::size_t i = 0; i < made.light.size(); ++i)
    made.light[i] = static_cast<std::uint8_t>(40 + dice() % 150 +
                                              (noise == 0 ? 0 : shake() % static_cast<unsigned>(noise)));
  made.blue.fill(static_cast<std::uint8_t>(100 + seed % 60));
  made.red.fill(128);
  return made;
}

class DuplicatesTest : public testing::Test {
 protected:
  struct Form {
    std::uint32_t edge = 1000;
    std::string format = "huge";
  };
  void picture(MediaId id, const std::string& bytes, const Print& print, Form form) {
    AssetRecord record;
    record.state = AssetState::held;
    record.digest = sha256(bytes);
    BlobRecord blob;
    blob.bytes = bytes.size();
    blob.info = {ImageFormat::jpeg, form.edge, form.edge, 1, false, "", print};
    IndexGroup group = index_->group();
    group.put_asset({id, form.format}, record);
    group.put_blob(*record.digest, blob);
    group.commit();
  }
  void picture(MediaId id, const std::string& bytes, const Print& print) { picture(id, bytes, print, {}); }

  void product(const std::string& id, const std::string& name, const std::vector<MediaId>& media) {
    ProductRecord record;
    record.product.id = id;
    record.product.status = "active";
    record.product.names = {{"nl", name}};
    for (const MediaId one : media) record.product.media.push_back({one, MediaKind::photo, {}, {}});
    record.fingerprint.low = ++fingerprint_;
    IndexGroup group = index_->group();
    group.put_product(record);
    group.commit();
  }

  Duplicates find() const { return find_duplicates(index_->view()); }
  static std::vector<MediaId> ids(const Look& look) {
    std::vector<MediaId> all;
    for (const AlikePicture& picture : look.pictures) all.push_back(picture.id);
    return all;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Index> index_ = Index::open(folder_.path() / "index", {});
  std::uint64_t fingerprint_ = 0;
};

TEST_F(DuplicatesTest, NothingIsAlike) {
  for (unsigned i = 1; i < 30; ++i) picture(i, std::to_string(i), pack(cells(i)));
  const Duplicates found = find();
  EXPECT_EQ(found.compared, 29u);
  EXPECT_EQ(found.without_print, 0u);
  EXPECT_THAT(found.looks, IsEmpty());
}

TEST_F(DuplicatesTest, SameBytesAndNearPrintsAreOneLook) {
  picture(7, "seven", pack(cells(1)));
  picture(3, "three, larger", pack(cells(1, 6)), {2000, "huge"});
  picture(9, "three, larger", pack(cells(1, 6)), {2000, "huge"});
  picture(4, "else", pack(cells(2)));
  picture(5, "without", {});
  picture(6, "without", {});
  const Duplicates found = find();
  EXPECT_EQ(found.compared, 4u);
  EXPECT_EQ(found.without_print, 1u);
  ASSERT_THAT(found.looks, SizeIs(2));
  EXPECT_THAT(ids(found.looks[0]), ElementsAre(3, 7, 9));
  EXPECT_EQ(found.looks[0].pictures[0].likeness, Likeness::best);
  EXPECT_EQ(found.looks[0].pictures[0].assets, 2u);
  EXPECT_EQ(found.looks[0].pictures[1].likeness, Likeness::near);
  EXPECT_EQ(found.looks[0].pictures[2].likeness, Likeness::same_bytes);
  EXPECT_FALSE(found.looks[0].is_placeholder);
  EXPECT_THAT(ids(found.looks[1]), ElementsAre(5, 6));
}

TEST_F(DuplicatesTest, TheFormatsOfAMediumAreNotDuplicates) {
  picture(1, "huge", pack(cells(1)), {1500, "huge"});
  picture(1, "large", pack(cells(1, 3)), {900, "large"});
  picture(2, "large too", pack(cells(2)), {900, "large"});
  EXPECT_THAT(find().looks, IsEmpty());
}

TEST_F(DuplicatesTest, WhatIsNotHeldDoesNotCount) {
  picture(1, "same", pack(cells(1)));
  AssetRecord retired;
  retired.state = AssetState::retired;
  retired.digest = sha256("same");
  IndexGroup group = index_->group();
  group.put_asset({2, "huge"}, retired);
  group.put_asset({3, "huge"}, AssetRecord{});
  group.commit();
  EXPECT_THAT(find().looks, IsEmpty());
}

TEST_F(DuplicatesTest, WithinAProduct) {
  picture(1, "one", pack(cells(1)));
  picture(2, "two", pack(cells(1, 4)));
  picture(3, "three", pack(cells(1, 5)));
  product("M1", "Pil", {1, 2});
  product("M2", "Pil forte", {3});
  const Duplicates found = find();
  ASSERT_THAT(found.looks, SizeIs(1));
  EXPECT_THAT(found.looks[0].within_products, ElementsAre("M1"));
  EXPECT_THAT(found.looks[0].pictures[0].products, ElementsAre(testing::AnyOf("M1", "M2")));
  EXPECT_FALSE(found.looks[0].is_placeholder);
}

TEST_F(DuplicatesTest, AProbablePlaceholderStandsForManyNames) {
  const std::vector<std::string> unrelated = {"Alfa 1", "Bravo", "CHARLIE", "charlie-2", "Delta", "Écho"};
  picture(1, "no picture yet", pack(cells(1)));
  picture(2, "one brand", pack(cells(2)));
  for (std::size_t i = 0; i < unrelated.size(); ++i) product("U" + std::to_string(i), unrelated[i], {1});
  for (int i = 0; i < 8; ++i) product("R" + std::to_string(i), "Dafalgan " + std::to_string(i) + " mg", {2});
  const Duplicates found = find();
  ASSERT_THAT(found.looks, SizeIs(1));
  EXPECT_THAT(ids(found.looks[0]), ElementsAre(1));
  EXPECT_TRUE(found.looks[0].is_placeholder);
  EXPECT_EQ(found.looks[0].names, 5u);  // both Charlies are one
  EXPECT_EQ(found.looks[0].pictures[0].width, 1000u);
}

TEST_F(DuplicatesTest, WithoutProductsManyMediaMakeAPlaceholder) {
  for (MediaId id = 1; id <= kPlaceholderMedia; ++id) picture(id, "no picture yet", {});
  for (MediaId id = 101; id < 100 + kPlaceholderMedia; ++id) picture(id, "fewer", {});
  const Duplicates found = find();
  ASSERT_THAT(found.looks, SizeIs(2));
  EXPECT_TRUE(found.looks[0].is_placeholder);
  EXPECT_FALSE(found.looks[1].is_placeholder);
}

TEST_F(DuplicatesTest, Files) {
  picture(1, "one", pack(cells(1)));
  picture(2, "one", pack(cells(1)));
  product("M1", "Pil", {1, 2});
  write_duplicate_files(folder_.path() / "reports", find());
  const std::string digest = sha256("one").hex();
  EXPECT_EQ(read_file(folder_.path() / "reports" / "duplicates.csv"),
            "\xEF\xBB\xBFlook,media_id,likeness,placeholder,format,width,height,bytes,sha256,assets,products,"
            "within_products\r\n"
            "1,1,best,,huge,1000,1000,3," +
                digest +
                ",2,M1,M1\r\n"
                "1,2,same_bytes,,huge,1000,1000,3," +
                digest + ",2,M1,M1\r\n");
  const auto json = nlohmann::json::parse(read_file(folder_.path() / "reports" / "duplicates.json"));
  EXPECT_EQ(json["compared"], 1);
  EXPECT_EQ(json["looks"][0]["look"], 1);
  EXPECT_EQ(json["looks"][0]["within_products"][0], "M1");
  EXPECT_EQ(json["looks"][0]["pictures"][1]["likeness"], "same_bytes");
  EXPECT_EQ(json["looks"][0]["pictures"][1]["sha256"], digest);
  EXPECT_EQ(duplicates_as_json(find()), duplicates_as_json(find()));
}

// The grid must find what comparing all pairs finds.
TEST(NearPrints, LeavesOutNothing) {
  std::vector<PrintCells> all;
  std::minstd_rand dice(5);
  for (unsigned i = 0; i < 200; ++i) {
    PrintCells made = cells(i % 40);
    const int lighter = static_cast<int>(dice() % 12) - 6;  // around what is near, on both sides
    for (std::uint8_t& level : made.light) level = static_cast<std::uint8_t>(level + lighter);
    made.aspect *= 1 + (static_cast<double>(dice() % 80) - 40) / 1000;
    all.push_back(*unpack(pack(made)));
  }
  std::set<std::pair<std::size_t, std::size_t>> found, expected;
  NearPrints near([&](std::size_t number) { return all[number]; },
                  [](std::size_t, std::size_t) { return true; },
                  [&](std::size_t one, std::size_t other) {
                    EXPECT_TRUE(found.insert({other, one}).second) << "twice: " << other << " and " << one;
                  });
  for (std::size_t i = 0; i < all.size(); ++i) {
    near.add(all[i]);
    for (std::size_t j = 0; j < i; ++j)
      if (is_near_duplicate(all[i], all[j])) expected.insert({j, i});
  }
  EXPECT_EQ(found, expected);
  EXPECT_GT(found.size(), 50u);
  EXPECT_LT(found.size(), 350u);  // of 400 pairs with a common seed
}

}  // namespace
}  // namespace medimirror
