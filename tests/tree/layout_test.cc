#include "tree/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tree/publish_fixture.h"

namespace medimirror {
namespace {

using testing::HasSubstr;

Digest some_digest() {
  return sha256("some bytes");
}

PathFields fields_of(MediaId id) {
  static const Digest digest = some_digest();
  PathFields fields;
  fields.id = id;
  fields.format = "huge";
  fields.source_format = "hugePng";
  fields.image_format = ImageFormat::png;
  fields.kind = "frontal";
  fields.photo_type = "packshot";
  fields.locale = "nl";
  fields.digest = &digest;
  return fields;
}

struct RenderRow {
  const char* name;
  const char* text;
  MediaId id;
  std::string path;
};

class LayoutRender : public testing::TestWithParam<RenderRow> {};

TEST_P(LayoutRender, GivesThePath) {
  const auto parsed = PathTemplate::parse(GetParam().text);
  ASSERT_TRUE(std::holds_alternative<PathTemplate>(parsed)) << std::get<std::string>(parsed);
  EXPECT_EQ(std::get<PathTemplate>(parsed).render(fields_of(GetParam().id)), GetParam().path);
}

INSTANTIATE_TEST_SUITE_P(
    Layout, LayoutRender,
    testing::Values(RenderRow{"the_default", "{format}/{id/1000}/{id}.{ext}", 659214, "huge/659/659214.png"},
                    RenderRow{"small_ids", "{format}/{id/1000}/{id}.{ext}", 7, "huge/0/7.png"},
                    RenderRow{"largest_id", "{id}", 18446744073709551615u, "18446744073709551615"},
                    RenderRow{"text_before", "images/x-{id}.{ext}", 5, "images/x-5.png"},
                    RenderRow{"every_field",
                              "{kind}/{photo_type}/{locale}/{source_format}/{format}-{id}.{ext}", 5,
                              "frontal/packshot/nl/hugePng/huge-5.png"},
                    RenderRow{"the_digest", "{id}-{sha256}.{ext}", 5, "5-" + some_digest().hex() + ".png"},
                    RenderRow{"two_divisions", "{id/1000000}/{id/1000}/{id}", 12345678, "12/12345/12345678"},
                    RenderRow{"id_first", "{id}_{format}.{ext}", 5, "5_huge.png"},
                    RenderRow{"id_as_folder", "{id}/{format}.{ext}", 5, "5/huge.png"},
                    RenderRow{"taken_name_only_at_the_top", "{id}/manifest.jsonl", 5, "5/manifest.jsonl"}),
    [](const auto& param) { return param.param.name; });

struct RefuseRow {
  const char* name;
  std::string text;
  const char* sentence;
};

class LayoutRefuse : public testing::TestWithParam<RefuseRow> {};

TEST_P(LayoutRefuse, SaysWhatIsWrong) {
  const auto parsed = PathTemplate::parse(GetParam().text);
  ASSERT_TRUE(std::holds_alternative<std::string>(parsed));
  EXPECT_THAT(std::get<std::string>(parsed), HasSubstr(GetParam().sentence));
}

INSTANTIATE_TEST_SUITE_P(
    Layout, LayoutRefuse,
    testing::Values(
        RefuseRow{"empty", "", "it is empty"}, RefuseRow{"absolute", "/{id}", "an empty part"},
        RefuseRow{"ends_in_slash", "{id}/", "an empty part"},
        RefuseRow{"double_slash", "a//{id}", "an empty part"},
        RefuseRow{"parent", "../{id}", "no part may start with ."},
        RefuseRow{"parent_inside", "a/../{id}", "no part may start with ."},
        RefuseRow{"hidden", ".{id}", "no part may start with ."},
        RefuseRow{"option", "-{id}", "no part may start with ."},
        RefuseRow{"unclosed", "{id", "a { has no }"}, RefuseRow{"stray_close", "{id}}", "letters, digits"},
        RefuseRow{"unknown", "{ids}", "no field {ids}"}, RefuseRow{"empty_field", "{}", "no field {}"},
        RefuseRow{"divide_by_zero", "{id/0}/{id}", "{id/0} is not"},
        RefuseRow{"divide_by_text", "{id/k}/{id}", "{id/k} is not"},
        RefuseRow{"divide_by_nothing", "{id/}/{id}", "{id/} is not"},
        RefuseRow{"divide_negative", "{id/-3}/{id}", "{id/-3} is not"},
        RefuseRow{"divide_another", "{format/2}/{id}", "{format/2} is not"},
        RefuseRow{"backslash", "a\\{id}", "letters, digits"},
        RefuseRow{"newline", "a\n{id}", "letters, digits"}, RefuseRow{"space", "a {id}", "letters, digits"},
        RefuseRow{"comment_of_rsync", "#{id}", "letters, digits"},
        RefuseRow{"no_id", "{format}/x.{ext}", "the same path"},
        RefuseRow{"only_divided", "{format}/{id/10}.{ext}", "the same path"},
        RefuseRow{"only_digest", "{sha256}.{ext}", "the same path"},
        RefuseRow{"touching_fields", "{format}{id}.{ext}", "the same path"},
        RefuseRow{"touching_digits", "1{id}", "the same path"},
        RefuseRow{"between_two_values", "{format}-{id}-{locale}", "the same path"},
        RefuseRow{"manifest", "manifest.jsonl/{id}", "a file of the tree's own"},
        RefuseRow{"sums", "SHA256SUMS/{id}", "a file of the tree's own"},
        RefuseRow{"part_too_long", std::string(240, 'a') + "{id}", "file systems allow 255"},
        RefuseRow{"path_too_long",
                  std::string(120, 'a') + "/" + std::string(250, 'b') + "/" + std::string(250, 'c') + "/" +
                      std::string(250, 'd') + "/" + std::string(140, 'e') + "/{id}",
                  "longer than 1024"}),
    [](const auto& param) { return param.param.name; });

TEST(Layout, HostileValuesStayInTheTree) {
  const PathTemplate path = template_of("{photo_type}/{format}/{id}.{ext}");
  struct Row {
    std::string value, part;
  };
  for (const Row& row :
       {Row{"..", "_."}, Row{".", "_"}, Row{"../../etc", "_._.._etc"}, Row{"/etc/passwd", "_etc_passwd"},
        Row{"-rf", "_rf"}, Row{"", "none"}, Row{std::string("a\0b", 3), "a_b"}, Row{"a\nb", "a_b"},
        Row{"caf\xc3\xa9", "caf__"}, Row{"\xff\xfe", "__"}, Row{"a b", "a_b"}, Row{"{id}", "_id_"},
        Row{"manifest.jsonl", "_manifest.jsonl"}, Row{"SHA256SUMS", "_SHA256SUMS"},
        Row{std::string(5000, 'x'), std::string(40, 'x')}}) {
    PathFields fields = fields_of(5);
    fields.photo_type = row.value;
    EXPECT_EQ(path.render(fields), row.part + "/huge/5.png");
  }
}

TEST(Layout, AValueStartsAPartOnlyAtThePartsStart) {
  PathFields fields = fields_of(5);
  fields.format = "-..";
  EXPECT_EQ(template_of("{format}/{id}-{format}").render(fields), "_../5--..");
}

TEST(Layout, KnowsItsFields) {
  const PathTemplate path = template_of("{format}/{id}.{ext}");
  EXPECT_TRUE(path.uses("format"));
  EXPECT_TRUE(path.uses("id"));
  EXPECT_FALSE(path.uses("locale"));
  EXPECT_FALSE(path.uses("nonsense"));
}

struct FolderRow {
  const char* name;
  const char* text;
  const char* folder;
  bool may;
};

class LayoutFolder : public testing::TestWithParam<FolderRow> {};

TEST_P(LayoutFolder, MayOrMayNotBeginAPath) {
  const PathTemplate path = template_of(GetParam().text);
  EXPECT_EQ(path.may_start_with(GetParam().folder, {"huge", "square1000"}), GetParam().may);
}

INSTANTIATE_TEST_SUITE_P(
    Layout, LayoutFolder,
    testing::Values(FolderRow{"a_format", "{format}/{id}.{ext}", "huge", true},
                    FolderRow{"a_derivative", "{format}/{id}.{ext}", "square1000", true},
                    FolderRow{"another_word", "{format}/{id}.{ext}", "by-cnk", false},
                    FolderRow{"the_start_of_a_format", "{format}/{id}.{ext}", "hug", false},
                    FolderRow{"text", "all/{id}.{ext}", "all", true},
                    FolderRow{"other_text", "all/{id}.{ext}", "by-cnk", false},
                    FolderRow{"numbers", "{id/1000}/{id}.{ext}", "659", true},
                    FolderRow{"no_number", "{id/1000}/{id}.{ext}", "65a", false},
                    FolderRow{"a_word_of_the_service", "{photo_type}/{id}.{ext}", "by-cnk", true},
                    FolderRow{"text_and_a_word", "is-{locale}/{id}.{ext}", "is-nl", true},
                    FolderRow{"other_text_and_a_word", "is-{locale}/{id}.{ext}", "by-cnk", false},
                    FolderRow{"text_after_a_word", "{locale}-x/{id}.{ext}", "by-x", true},
                    FolderRow{"several", "{kind}_{format}/{id}.{ext}", "photo_huge", true},
                    FolderRow{"several_of_which_one_cannot", "{kind}_{format}/{id}.{ext}", "photo_large",
                              false},
                    FolderRow{"a_file_at_the_top", "{id}.{ext}", "12", false}),
    [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace medimirror
