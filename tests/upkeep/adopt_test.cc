#include "upkeep/adopt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "fetch/adopted_names.h"
#include "support/manual_clock.h"
#include "support/tiny_png.h"
#include "tree/publish_fixture.h"

namespace medimirror {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

namespace fs = std::filesystem;

const std::string kHex = "eb97ae42f0c19b7d";

struct FileCase {
  std::string name, path;
  bool trust;
  std::vector<std::string> names;
};

class NamesOfFile : public testing::TestWithParam<FileCase> {};

TEST_P(NamesOfFile, AreWhatTheyTell) {
  EXPECT_EQ(names_of_file(GetParam().path, GetParam().trust), GetParam().names);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, NamesOfFile,
    testing::Values(
        FileCase{"kept_path", "media/huge/" + kHex + ".jpeg", false, {"address huge/" + kHex + ".jpeg"}},
        FileCase{"kept_query", "huge/" + kHex + ".jpeg?v=2", false, {"address huge/" + kHex + ".jpeg?v=2"}},
        FileCase{"flat", kHex + ".jpeg", false, {}},
        FileCase{"flat_trusted", kHex + ".jpeg", true, {"name " + kHex + ".jpeg"}},
        FileCase{"not_a_version", "huge/659214.jpeg", false, {}},
        FileCase{"hex_in_the_extension_only", "huge/a.abcdefabcdefabcdef", false, {}},
        FileCase{"id_in_folders",
                 "huge/659/659214.jpg",
                 true,
                 {"name 659214.jpg", "id 659214", "id 659214 huge", "id 659214 659"}}),
    [](const auto& test) { return test.param.name; });

TEST(NamesOfAsset, TheSurestFirst) {
  std::vector<std::string> names;
  for (const NameToTry& name :
       names_of_asset({659214, "huge"}, "https://m.be/media/huge/" + kHex + ".jpeg?v=1"))
    names.push_back(name.name);
  EXPECT_THAT(names, ElementsAre("address huge/" + kHex + ".jpeg?v=1", "id 659214 huge",
                                 "name " + kHex + ".jpeg?v=1", "id 659214"));
  for (const NameToTry& name : names_of_asset({1, "huge"}, "https://m.be/media/huge/1.jpeg"))
    EXPECT_THAT(name.name, Not(testing::StartsWith("address")));
}

TEST(CanBeOfFormat, ByTheLongerSide) {
  const auto sized = [](std::uint32_t width, std::uint32_t height) {
    ImageInfo info;
    info.width = width;
    info.height = height;
    return info;
  };
  EXPECT_TRUE(can_be_of_format(sized(1500, 700), "huge"));
  EXPECT_TRUE(can_be_of_format(sized(700, 1500), "hugePng"));
  EXPECT_FALSE(can_be_of_format(sized(900, 900), "huge"));
  EXPECT_FALSE(can_be_of_format(sized(1500, 1500), "large"));
  EXPECT_TRUE(can_be_of_format(sized(200, 200), "thumbnail"));
  EXPECT_TRUE(can_be_of_format(sized(5, 5), "something new"));
}

class Adopt : public testing::Test, public PublishFixture {
 protected:
  Adopt() {
    adopt_options.store_folder = folder / "store";
    adopt_options.folder = folder / "old";
    adopt_options.pixels = false;
  }
  void put(const std::string& path, std::string_view bytes) {
    fs::create_directories((adopt_options.folder / path).parent_path());
    replace_file(adopt_options.folder / path, bytes);
  }
  AdoptResult adopt_it() { return adopt(adopt_options, *index, *blobs, clock, stop); }
  std::optional<Digest> find(const AssetKey& key, const std::string& url) const {
    return AdoptedNames(folder / "store").find(key, url, index->view());
  }

  AdoptOptions adopt_options;
  ManualClock clock;
  StopFlag stop;
};

TEST_F(Adopt, KeepsWhatIsGoodAndNamesWhatIsBroken) {
  put("media/huge/" + kHex + ".png", tiny_png(1));
  put("copy/huge/" + kHex + ".png", tiny_png(1));
  put("cut.png", tiny_png(2).substr(0, 50));
  put("page.jpg", "<html><title>503</title></html>");
  put("empty.jpg", "");
  put("notes.txt", "what a shop keeps beside its pictures");
  put(".hidden/x.png", tiny_png(3));
  fs::create_symlink("/etc/passwd", adopt_options.folder / "link.png");
  const AdoptResult result = adopt_it();
  EXPECT_EQ(result.files, 6u);
  EXPECT_EQ(result.adopted, 1u);
  EXPECT_EQ(result.known, 1u);
  EXPECT_EQ(result.others, 1u);
  EXPECT_EQ(result.broken_count, 3u);
  ASSERT_EQ(result.broken.size(), 3u);
  EXPECT_EQ(result.broken[0].first, "cut.png");
  EXPECT_EQ(result.broken[1].first, "empty.jpg");
  EXPECT_EQ(result.broken[2].first, "page.jpg");
  EXPECT_EQ(blobs->read(sha256(tiny_png(1))), tiny_png(1));
  EXPECT_EQ(index->view().blob(sha256(tiny_png(1)))->info.format, ImageFormat::png);

  const AdoptResult again = adopt_it();
  EXPECT_EQ(again.adopted, 0u);
  EXPECT_EQ(again.known, 2u);
}

TEST_F(Adopt, FindsByAddressOnlyWhatTheAddressNames) {
  put("media/huge/" + kHex + ".png", tiny_png(1));
  put("media/large/" + kHex + ".png", tiny_png(2));
  put("flat-" + kHex + "0.png", tiny_png(3));
  adopt_it();
  const std::string host = "https://media.medipim.be/media/";
  EXPECT_EQ(find({1, "huge"}, host + "huge/" + kHex + ".png"), sha256(tiny_png(1)));
  EXPECT_EQ(find({1, "large"}, host + "large/" + kHex + ".png"), sha256(tiny_png(2)));
  EXPECT_FALSE(find({1, "huge"}, host + "huge/" + kHex + ".png?v=2").has_value());
  EXPECT_FALSE(find({1, "huge"}, host + "huge/" + kHex + "0.png").has_value());
  EXPECT_FALSE(find({1, "medium"}, host + "medium/" + kHex + ".png").has_value());
}

TEST_F(Adopt, TwoFilesThatClaimOneNameBelongToNobody) {
  put("a/huge/" + kHex + ".png", tiny_png(1));
  put("b/huge/" + kHex + ".png", tiny_png(2));
  adopt_it();
  EXPECT_FALSE(find({1, "huge"}, "https://m.be/huge/" + kHex + ".png").has_value());
}

TEST_F(Adopt, TrustedNamesFindByIdAndFormat) {
  adopt_options.trust_names = true;
  put("big/659/659214.png", tiny_png(1));
  put("659215.png", tiny_png(2));
  adopt_it();
  EXPECT_EQ(find({659214, "big"}, "https://m.be/x"), sha256(tiny_png(1)));
  EXPECT_EQ(find({659215, "some format"}, "https://m.be/x"), sha256(tiny_png(2)));
  // one pixel cannot be a huge picture, whatever the name says
  EXPECT_FALSE(find({659215, "huge"}, "https://m.be/x").has_value());
}

TEST_F(Adopt, WhatIsWantedAlreadyIsHeldAtOnce) {
  AssetRecord wanted;
  wanted.url = "https://m.be/huge/" + kHex + ".png";
  {
    IndexGroup group = index->group();
    group.put_asset({1, "huge"}, wanted);
    group.put_asset({2, "huge"}, AssetRecord{});
    group.commit();
  }
  put("huge/" + kHex + ".png", tiny_png(1));
  EXPECT_EQ(adopt_it().matched, 1u);
  const IndexView view = index->view();
  EXPECT_EQ(view.asset({1, "huge"})->state, AssetState::held);
  EXPECT_EQ(view.asset({1, "huge"})->held_url, wanted.url);
  EXPECT_EQ(view.asset({2, "huge"})->state, AssetState::wanted);
  EXPECT_THAT(view.unpublished(std::nullopt, 10), ElementsAre(AssetKey{1, "huge"}));
}

TEST_F(Adopt, StopsWhenTold) {
  put("huge/" + kHex + ".png", tiny_png(1));
  stop.request();
  const AdoptResult result = adopt_it();
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.files, 0u);
}

TEST_F(Adopt, AFullDiskEndsIt) {
  adopt_options.reserve_bytes = UINT64_MAX;
  for (int i = 0; i < 200; ++i)
    put("p" + std::to_string(i) + ".png", tiny_png(static_cast<std::uint64_t>(i)));
  EXPECT_THROW(adopt_it(), Error);
}

}  // namespace
}  // namespace medimirror
