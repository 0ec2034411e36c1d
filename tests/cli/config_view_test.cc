#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/publish_options.h"
#include "config/config_fixture.h"

namespace medimirror {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

constexpr std::string_view kViews = R"(
[select]
formats = ["huge", "medium"]
[products]
list = true
[[derivative]]
name = "square1000"
width = 1000
height = 1000
[[view]]
name = "by-cnk"
path = "{cnk}/{cnk}_{n}.{ext}"
derivative = "square1000"
pick = ["frontal", "packshot", "productshot"]
max_per_product = 8
near_duplicates = "hide"
[[view]]
name = "small"
path = "{ean}_{n}.{ext}"
format = "medium"
[publish]
grace_days = 3
)";

using ConfigView = ConfigTest;

TEST_F(ConfigView, IsReadAndHandedOn) {
  const Config config = load_with_contact(std::string(kViews));
  const ViewSet set = view_set(config);
  ASSERT_THAT(set.views, SizeIs(2));
  EXPECT_EQ(set.grace, 3 * 86'400);
  EXPECT_EQ(set.products, std::nullopt);
  const View& view = set.views[0];
  EXPECT_EQ(view.name, "by-cnk");
  EXPECT_EQ(view.path.text(), "{cnk}/{cnk}_{n}.{ext}");
  EXPECT_EQ(view.format, "huge");  // derivatives are made of the first format
  ASSERT_TRUE(view.recipe.has_value());
  EXPECT_EQ(view.recipe->name, "square1000");
  EXPECT_THAT(view.pick, ElementsAre("frontal", "packshot", "productshot"));
  EXPECT_EQ(view.max_per_product, 8u);
  EXPECT_EQ(view.near_duplicates, View::NearDuplicates::hide);
  EXPECT_EQ(set.views[1].format, "medium");
  EXPECT_FALSE(set.views[1].recipe.has_value());
  EXPECT_EQ(set.views[1].near_duplicates, View::NearDuplicates::keep);
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST_F(ConfigView, IsShownAndLoadsBack) {
  const Config config = load_with_contact(std::string(kViews));
  const std::string shown = to_toml(config);
  EXPECT_THAT(shown, testing::ContainsRegex("\\[\\[view\\]\\] +# .*medimirror.toml:11\n"));
  EXPECT_EQ(fingerprint(view_set(load(shown))), fingerprint(view_set(config)));
  EXPECT_EQ(fingerprint(view_set(load(default_config_text(config)))), fingerprint(view_set(config)));
}

TEST_F(ConfigView, EachMistakeIsNamedWithItsLine) {
  struct Row {
    std::string toml;
    int line;
    std::string sentence;
  };
  const std::string products = "[products]\nlist = true\n";
  const std::string view = "[[view]]\nname = \"v\"\npath = \"{cnk}_{n}.{ext}\"\n";
  const Row kRows[] = {
      {"[view]\nname = \"v\"", 2, "[view] is written [[view]]"},
      {"view = 3", 2, "view is a list of sections: write [[view]]"},
      {"[[view]]\nname = \"v\"", 2, "view.path is missing"},
      {"[[view]]\npath = \"{cnk}\"", 2, "view.name is missing"},
      {"[[view]]\nname = \"By CNK\"\npath = \"{id}\"", 3,
       "view.name must be a word of at most 32 lower-case"},
      {"[[view]]\nname = \"-v\"\npath = \"{id}\"", 3, "view.name must be a word"},
      {"[[view]]\nname = \"v\"\npath = \"{CNK}\"", 4,
       "view.path \"{CNK}\" cannot be used: there is no field {CNK}"},
      {products + view + "pick = [\"frontals\"]", 7, "did you mean \"frontal\"?"},
      {products + view + "pick = [\"photo\", \"photo\"]", 7, "view.pick names \"photo\" twice"},
      {products + view + "near_duplicates = \"drop\"", 7, "view.near_duplicates must be one of"},
      {products + view + "max_per_product = -1", 7, "view.max_per_product must be a whole number"},
      {products + view + "patch = 1", 7, "view.patch is not a setting; did you mean \"path\"?"},
      {products + view + view, 7, "view.name \"v\" is used twice"},
      {view, 2, "view \"v\": its path \"{cnk}_{n}.{ext}\" names products, and products are not listed"},
      {products + view + "derivative = \"square\"", 4, "view \"v\": there is no [[derivative]] \"square\""},
      {products + view + "format = \"large\"", 4, "view \"v\": its format \"large\" is not mirrored"},
      {"[[view]]\nname = \"v\"\npath = \"{id}.{ext}\"\nmax_per_product = 2", 2,
       "of the pictures of one product"},
      {"[[view]]\nname = \"huge\"\npath = \"{id}.{ext}\"", 2,
       "its name may be that of a folder of publish.path"},
      {"[publish]\npath = \"{photo_type}/{id}.{ext}\"\n[[view]]\nname = \"v\"\npath = \"{id}.{ext}\"", 4,
       "start publish.path with a fixed folder"},
  };
  for (const Row& row : kRows)
    EXPECT_THAT(mistakes_with_contact(row.toml),
                AllOf(StartsWith(at(row.line) + ": "), HasSubstr(row.sentence)))
        << row.toml;
}

TEST_F(ConfigView, ADerivativeAndAFormatExcludeEachOther) {
  EXPECT_THAT(
      mistakes_with_contact("[[derivative]]\nname = \"d\"\nwidth = 1\nheight = 1\n[[view]]\nname = \"v\"\n"
                            "path = \"{id}.{ext}\"\nderivative = \"d\"\nformat = \"huge\""),
      HasSubstr("exclude each other"));
}

TEST_F(ConfigView, AListOfCodesListsProducts) {
  EXPECT_NO_THROW(load_with_contact(
      "[select]\ncodes_file = \"stock.csv\"\n[[view]]\nname = \"v\"\npath = \"{cnk}_{n}.{ext}\""));
  EXPECT_NO_THROW(load("contact = \"a@example.com\"\n[[view]]\nname = \"v\"\npath = \"{cnk}_{n}.{ext}\"",
                       {{"select.codes_file", "stock.csv", "--codes"}}));
}

TEST_F(ConfigView, WhatMayClashOrFindLittleIsWarnedOf) {
  const Config config = load_with_contact(
      "[products]\nlist = true\n[image]\nvalidate = \"header\"\n[[view]]\nname = \"v\"\npath = "
      "\"{cnk}.{ext}\"\n"
      "near_duplicates = \"hide\"");
  EXPECT_THAT(config.warnings, AllOf(SizeIs(2), Contains(HasSubstr("set max_per_product = 1")),
                                     Contains(HasSubstr("finds equal files only"))));
  EXPECT_THAT(load_with_contact("[products]\nlist = true\n[[view]]\nname = \"v\"\npath = \"{cnk}.{ext}\"\n"
                                "max_per_product = 1")
                  .warnings,
              IsEmpty());
}

}  // namespace
}  // namespace medimirror
