#include "api/filter.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace medimirror {
namespace {

template <typename Member>
MediaFilter with(Member MediaFilter::*key, std::type_identity_t<Member> value) {
  MediaFilter filter;
  filter.*key = std::move(value);
  return filter;
}

TEST(Filter, WritesTheServicesLanguage) {
  struct Row {
    const char* name;
    MediaFilter filter;
    const char* json;
  };
  std::vector<Row> rows;
  const auto row = [&rows](const char* name, const char* json) -> MediaFilter& {
    rows.push_back({name, {}, json});
    return rows.back().filter;
  };
  row("nothing set", R"({"or":[{"published":true},{"published":false}]})");
  row("published", R"({"published":true})").published = true;
  row("unpublished", R"({"published":false})").published = false;
  row("one type", R"({"type":"photo"})").types = {"photo"};
  row("two types", R"({"or":[{"type":"photo"},{"type":"frontal"}]})").types = {"photo", "frontal"};
  row("locales", R"({"or":[{"locale":"nl"},{"locale":"fr"}]})").locales = {"nl", "fr"};
  row("from", R"({"createdAt":{"from":5,"until":2147483647}})").created.from = 5;
  row("changed since", R"({"updatedSince":5})").updated.from = 5;
  row("until", R"({"updatedSince":{"from":0,"until":5}})").updated.until = 5;
  row("range", R"({"createdAt":{"from":5,"until":6}})").created = {5, 6};
  row("raw alone", R"({"not":{"type":"link"}})").raw_json = R"( {"not": {"type": "link"}} )";
  row("text is escaped", R"({"organization":"a\"b"})").organizations = {"a\"b"};
  MediaFilter& all = row(
      "everything",
      R"({"and":[{"published":true},{"available":false},{"type":"photo"},{"photoType":"packshot"},)"
      R"({"locale":"nl"},{"targetGroup":"public"},{"organization":"12"},{"product":"M5489B0D8B"},)"
      R"({"createdAt":{"from":1,"until":2147483647}},{"updatedSince":{"from":2,"until":3}},{"linkType":"app"}]})");
  all.published = true;
  all.available = false;
  all.types = {"photo"};
  all.photo_types = {"packshot"};
  all.locales = {"nl"};
  all.target_groups = {"public"};
  all.organizations = {"12"};
  all.products = {"M5489B0D8B"};
  all.created.from = 1;
  all.updated = {2, 3};
  all.raw_json = R"({"linkType":"app"})";
  for (const Row& one : rows) {
    EXPECT_EQ(one.filter.to_json(), one.json) << one.name;
    EXPECT_EQ(check(one.filter), std::nullopt) << one.name;
    EXPECT_EQ(check_raw_filter(one.filter.to_json()), std::nullopt) << one.name;
  }
}

TEST(Filter, NamesTheKeyAndTheValueThatCannotBeMeant) {
  struct Row {
    MediaFilter filter;
    const char* sentence;
  };
  const Row rows[] = {
      {with(&MediaFilter::types, {"photo", "foto"}),
       "types: \"foto\" is not one of photo, frontal, link; did you mean \"photo\"?"},
      {with(&MediaFilter::types, {"Photo"}),
       "types: \"Photo\" is not one of photo, frontal, link; did you mean \"photo\"?"},
      {with(&MediaFilter::types, {"hologram"}), "types: \"hologram\" is not one of photo, frontal, link"},
      {with(&MediaFilter::types, {""}), "types: \"\" is not one of photo, frontal, link"},
      {with(&MediaFilter::photo_types, {"lifestyle"}),
       "photo_types: \"lifestyle\" is not one of packshot, productshot, pillshot, lifestyle_image"},
      {with(&MediaFilter::target_groups, {"farmacist"}),
       "target_groups: \"farmacist\" is not one of public, pharmacist, doctor, homecare, hospital, nurse, "
       "physiotherapist, webshop; did you mean \"pharmacist\"?"},
      {with(&MediaFilter::locales, {"dutch"}),
       "locales: \"dutch\" is not a locale; write it as in \"nl\", \"fr\", \"en\""},
      {with(&MediaFilter::organizations, {""}), "organizations: an organization id cannot be empty"},
      {with(&MediaFilter::products, {"0012345"}),
       "products: \"0012345\" is not a Medipim product id; they look like \"M5489B0D8B\" (a CNK or EAN is "
       "not one)"},
      {with(&MediaFilter::created, {6, 5}), "created_from is later than created_until, so nothing can match"},
      {with(&MediaFilter::updated, {6, 5}), "updated_from is later than updated_until, so nothing can match"},
  };
  for (const Row& row : rows) EXPECT_EQ(check(row.filter), row.sentence);
}

TEST(Filter, TakesEveryDocumentedRawFilter) {
  for (const char* json :
       {R"({"published": true})", R"({"organization":"12"})", R"({"targetGroup":"nurse"})",
        R"({"targetGroup":["nurse","doctor"]})", R"({"type":"link"})", R"({"photoType":"lifestyle_image"})",
        R"({"linkType":"brochure"})", R"({"createdAt":1767225600})", R"({"createdAt":{"from":1,"until":2}})",
        R"({"updatedSince":{"from":1}})", R"({"product":"M5489B0D8B"})", R"({"available":false})",
        R"({"locale":"nl"})", R"({"locale":["nl","en_GB"]})",
        R"({"and":[{"published":true},{"or":[{"type":"photo"},{"not":{"type":"link"}}]}]})"})
    EXPECT_EQ(check_raw_filter(json), std::nullopt) << json;
}

TEST(Filter, SendsNoRangeWithOneBoundAlone) {
  struct Row {
    const char* raw;
    const char* json;
  };
  const Row rows[] = {
      {R"({"updatedSince":{"from":7}})", R"({"updatedSince":7})"},
      {R"({"updatedSince":{"until":7}})", R"({"updatedSince":{"from":0,"until":7}})"},
      {R"({"not":{"or":[{"createdAt":{"from":7}},{"touchedAt":{"until":8}}]}})",
       R"({"not":{"or":[{"createdAt":{"from":7,"until":2147483647}},{"touchedAt":{"from":0,"until":8}}]}})"},
      {R"({"createdAt":{"from":9999999999}})", R"({"createdAt":{"from":9999999999,"until":9999999999}})"},
      {R"({"createdAt":{"since":7}})", R"({"createdAt":{"since":7}})"},
      {R"({"createdAt":{"from":"x"}})", R"({"createdAt":{"from":"x"}})"},
      {R"({"and":[{"createdAt":7},{"published":true}]})", R"({"and":[{"createdAt":7},{"published":true}]})"},
  };
  for (const Row& row : rows) EXPECT_EQ(with(&MediaFilter::raw_json, row.raw).to_json(), row.json);
}

TEST(Filter, NamesThePlaceOfAMistakeInARawFilter) {
  struct Row {
    const char* json;
    const char* part;
  };
  const Row rows[] = {
      {"", "not JSON from line 1, column 1"},
      {"{\n  \"published\": True}", "not JSON from line 2, column 16"},
      {R"({"published":true,})", "not JSON from line 1, column 19"},
      {R"({"published":true} x)", "not JSON from line 1, column 20"},
      {R"([{"published":true}])", "filter must be an object with a key"},
      {R"("published")", "filter must be an object with a key"},
      {R"({"createdAt":1E8594112})", "a number that is too large"},
      {"{}", "filter is empty"},
      {R"({"type":"photo","type":"link"})", "the key \"type\" twice"},
      {R"({"and":{"type":"photo"}})", "filter and must be a list"},
      {R"({"or":[]})", "filter or must be a list"},
      {R"({"and":[3]})", "filter and[0] must be an object with a key"},
      {R"({"not":[{"type":"photo"}]})", "filter not must be an object with a key"},
  };
  for (const Row& row : rows) {
    const auto wrong = check_raw_filter(row.json);
    ASSERT_TRUE(wrong) << row.json;
    EXPECT_NE(wrong->find(row.part), std::string::npos) << row.json << ": " << *wrong;
    EXPECT_LE(doubts_of_raw_filter(row.json).size(), 20u);
  }
}

TEST(Filter, DoubtsWhatItDoesNotKnowAndSendsIt) {
  struct Row {
    const char* json;
    const char* part;  // empty: known
  };
  const Row rows[] = {
      {R"({"published":true,"type":"photo"})", ""},
      {R"({"organization":12})", ""},
      {R"({"organization":[12,"13"]})", ""},
      {R"({"visibleSides":["front"]})", ""},
      {R"({"touchedAt":1767225600})", ""},
      {R"({"publisched":true})", "filter: \"publisched\" is not one of published, "},
      {R"({"publisched":true})", "did you mean \"published\"?"},
      {R"({"not":{"tpye":"photo"}})", "did you mean \"type\"?"},
      {R"({"hologram":{"a":[1]}})", "filter: \"hologram\" is not one of"},
      {R"({"and":[{"type":"photo"},{"type":"photos"}]})", "filter and[1].type: \"photos\" is not one of"},
      {R"({"and":[{"or":[{"published":1}]}]})",
       "filter and[0].or[0].published is usually true or false, not 1"},
      {R"({"type":["photo","foto"]})", "filter type[1]: \"foto\""},
      {R"({"targetGroup":["nurse","nurses"]})", "filter targetGroup[1]: \"nurses\""},
      {R"({"locale":5})", "filter locale is usually a text in quotes or a list of such"},
      {R"({"product":"5"})", "is not a Medipim product id"},
      {R"({"createdAt":"2026-01-01"})", "filter createdAt is usually unix seconds"},
      {R"({"createdAt":{}})", "filter createdAt is usually unix seconds"},
      {R"({"createdAt":{"since":5}})", "filter createdAt: \"since\" is not one of from, until"},
      {R"({"createdAt":{"from":1.5}})", "filter createdAt.from is usually unix seconds"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(check_raw_filter(row.json), std::nullopt) << row.json;
    const std::vector<std::string> doubts = doubts_of_raw_filter(row.json);
    ASSERT_EQ(doubts.size(), *row.part == '\0' ? 0u : 1u) << row.json;
    if (!doubts.empty()) {
      EXPECT_NE(doubts[0].find(row.part), std::string::npos) << doubts[0];
    }
    EXPECT_FALSE(with(&MediaFilter::raw_json, row.json).to_json().empty());
  }
}

TEST(Filter, BoundsWhatItTakes) {
  EXPECT_NE(check_raw_filter(std::string(70'000, ' ')), std::nullopt);
  EXPECT_NE(check_raw_filter(std::string(60'000, '[')), std::nullopt);
  std::string deep = R"({"type":"photo"})";
  for (int i = 0; i < 31; ++i) deep = R"({"not":)" + deep + "}";
  EXPECT_EQ(check_raw_filter(deep), std::nullopt);
  deep = R"({"not":)" + deep + "}";
  EXPECT_NE(check_raw_filter(deep).value_or("").find("more than 32 deep"), std::string::npos);
  EXPECT_NE(check(with(&MediaFilter::types, {std::string(100'000, 'x')})), std::nullopt);
}

}  // namespace
}  // namespace medimirror
