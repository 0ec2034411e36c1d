#include "tree/view_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sha256.h"

namespace medimirror {
namespace {

using testing::HasSubstr;

const Digest kDigest = sha256("some bytes");

ViewPathFields some_fields() {
  ViewPathFields fields;
  fields.cnk = "0012345";
  fields.ean = "5412345678908";
  fields.product = "M5489B0D8B";
  fields.n = 2;
  fields.id = 659214;
  fields.kind = "frontal";
  fields.photo_type = "lifestyle_image";
  fields.locale = "nl-BE";
  fields.format = "square1000";
  fields.image_format = ImageFormat::jpeg;
  fields.digest = &kDigest;
  return fields;
}

ViewPath path_of(std::string_view text) {
  auto parsed = ViewPath::parse(text);
  if (const auto* problem = std::get_if<std::string>(&parsed)) throw std::runtime_error(*problem);
  return std::get<ViewPath>(parsed);
}

struct RenderRow {
  const char* name;
  const char* text;
  std::string path;
};
class ViewPathRender : public testing::TestWithParam<RenderRow> {};

TEST_P(ViewPathRender, GivesThePath) {
  const auto path = path_of(GetParam().text).render(some_fields());
  ASSERT_TRUE(std::holds_alternative<std::string>(path)) << std::get<ViewPath::Refused>(path).why;
  EXPECT_EQ(std::get<std::string>(path), GetParam().path);
}

INSTANTIATE_TEST_SUITE_P(
    View, ViewPathRender,
    testing::Values(RenderRow{"code_and_number", "{cnk}/{cnk}_{n}.{ext}", "0012345/0012345_2.jpg"},
                    RenderRow{"leading_zeros_stay", "{cnk}.{ext}", "0012345.jpg"},
                    RenderRow{"ean", "{ean}-{n}.{ext}", "5412345678908-2.jpg"},
                    RenderRow{"ids_are_lower_case", "{product}/{id}.{ext}", "m5489b0d8b/659214.jpg"},
                    RenderRow{"divided_id", "{id/1000}/{id}.{ext}", "659/659214.jpg"},
                    RenderRow{"words", "{product}_{kind}_{photo_type}_{locale}_{format}.{ext}",
                              "m5489b0d8b_frontal_lifestyle_image_nl-be_square1000.jpg"},
                    RenderRow{"digest", "{sha256}.{ext}", kDigest.hex() + ".jpg"}),
    [](const auto& param) { return param.param.name; });

struct MistakeRow {
  const char* name;
  std::string text;
  const char* says;
};
class ViewPathMistake : public testing::TestWithParam<MistakeRow> {};

TEST_P(ViewPathMistake, IsNamed) {
  const auto parsed = ViewPath::parse(GetParam().text);
  ASSERT_TRUE(std::holds_alternative<std::string>(parsed));
  EXPECT_THAT(std::get<std::string>(parsed), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    View, ViewPathMistake,
    testing::Values(
        MistakeRow{"empty", "", "empty"}, MistakeRow{"upper_case", "Img/{cnk}.{ext}", "lower-case"},
        MistakeRow{"space", "a b{cnk}", "lower-case"}, MistakeRow{"plus", "{cnk}+{n}", "lower-case"},
        MistakeRow{"unknown_field", "{code}", "there is no field {code}"},
        MistakeRow{"open_brace", "{cnk", "has no }"},
        MistakeRow{"divided_code", "{cnk/10}", "only {id} can be divided"},
        MistakeRow{"divided_by_nothing", "{id/0}", "only {id} can be divided"},
        MistakeRow{"whose_picture", "{n}.{ext}", "whose picture"},
        MistakeRow{"half_an_id", "{id/1000}.{ext}", "whose picture"},
        MistakeRow{"parent", "../{cnk}", "start with"}, MistakeRow{"option", "{cnk}/-x", "start with"},
        MistakeRow{"absolute", "/{cnk}", "empty part"}, MistakeRow{"empty_part", "{cnk}//{n}", "empty part"},
        MistakeRow{"folder_at_the_end", "{cnk}/", "empty part"},
        MistakeRow{"long_name", std::string(91, 'a') + "{cnk}", "more than 90 bytes"},
        MistakeRow{"long_template", "{cnk}/" + std::string(600, 'a'), "longer than 512"}),
    [](const auto& param) { return param.param.name; });

struct RefusalRow {
  const char* name;
  const char* text;
  std::string cnk, product;
  const char* says;  // nothing: it is taken
};
class ViewPathRefusal : public testing::TestWithParam<RefusalRow> {};

TEST_P(ViewPathRefusal, IsASentence) {
  const RefusalRow& row = GetParam();
  ViewPathFields fields = some_fields();
  fields.cnk = row.cnk;
  fields.product = row.product;
  const auto path = path_of(row.text).render(fields);
  const auto* refused = std::get_if<ViewPath::Refused>(&path);
  if (row.says == nullptr) {
    EXPECT_EQ(refused, nullptr) << refused->why;
  } else {
    ASSERT_NE(refused, nullptr) << std::get<std::string>(path);
    EXPECT_THAT(refused->why, HasSubstr(row.says));
  }
}

INSTANTIATE_TEST_SUITE_P(
    View, ViewPathRefusal,
    testing::Values(RefusalRow{"a_slash", "{cnk}.{ext}", "../../x", "M1", "characters"},
                    RefusalRow{"a_space", "{product}.{ext}", "1", "M 1", "the product's id \"M 1\""},
                    RefusalRow{"an_accent", "{product}.{ext}", "1", "M\xc3\xa9", "characters"},
                    RefusalRow{"a_newline_is_not_shown", "{product}.{ext}", "1", "M\n1", "M?1"},
                    RefusalRow{"nothing", "{cnk}.{ext}", "", "M1", "the CNK \"\""},
                    RefusalRow{"parent", "{product}/{n}", "1", "..", "would start with"},
                    RefusalRow{"option", "x/{product}", "1", "-rf", "would start with"},
                    RefusalRow{"ninety_bytes", "{product}", "1", std::string(90, 'M'), nullptr},
                    RefusalRow{"ninety_one_bytes", "{product}", "1", std::string(91, 'M'), "91 bytes"},
                    RefusalRow{"ninety_bytes_each", "{product}/{product}", "1", std::string(90, 'M'),
                               nullptr},
                    RefusalRow{"a_long_path",
                               "{product}/{product}/{product}/{product}/{product}/{product}/"
                               "{product}/{product}/{product}/{product}",
                               "1", std::string(90, 'M'), "909 bytes"}),
    [](const auto& param) { return param.param.name; });

TEST(ViewPath, WordsOfTheServiceCannotMakeFolders) {
  ViewPathFields fields = some_fields();
  fields.kind = "../a b";
  fields.locale = "";
  EXPECT_EQ(std::get<std::string>(path_of("{cnk}_{kind}_{locale}").render(fields)), "0012345_.._a_b_none");
}

TEST(ViewPath, SaysWhatItIsMadeOf) {
  EXPECT_TRUE(path_of("{ean}").is_of_products());
  EXPECT_TRUE(path_of("{id}_{n}").is_of_products());
  EXPECT_FALSE(path_of("{kind}/{id}").is_of_products());
  EXPECT_FALSE(path_of("{cnk}").tells_pictures_apart());
  EXPECT_TRUE(path_of("{cnk}/{n}").tells_pictures_apart());
}

}  // namespace
}  // namespace medimirror
