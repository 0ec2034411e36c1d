#include "sandbox/filter.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "sandbox/media_json.h"

namespace medimirror::sandbox {
namespace {

using nlohmann::json;
constexpr UnixSeconds kNow = 1'780'000'000;

class Filters : public testing::Test {
 protected:
  Catalogue catalogue{{600, 200}, std::make_shared<Overlay>()};
  std::vector<Violation> violations;

  Predicate<MediaFacts> media(const std::string& text) {
    return parse_media_filter(json::parse(text), {&catalogue, kNow}, violations);
  }
  Predicate<ProductFacts> product(const std::string& text) {
    return parse_product_filter(json::parse(text), {&catalogue, kNow}, violations);
  }

  // The filter agrees with `expected` on every row, and takes some rows but not all.
  void expect_media(const std::string& text, const std::function<bool(const MediaFacts&)>& expected) {
    const auto test = media(text);
    EXPECT_TRUE(violations.empty()) << text;
    int taken = 0, left = 0;
    for (MediaIndex i = 0; i < catalogue.media_count(); ++i) {
      for (int line = 0; line < catalogue.lines(i); ++line) {
        const MediaFacts facts = catalogue.media(i, line);
        EXPECT_EQ(test(facts), expected(facts)) << text << " at " << i;
        ++(test(facts) ? taken : left);
      }
    }
    EXPECT_GT(taken, 0) << text;
    EXPECT_GT(left, 0) << text;
  }
  void expect_products(const std::string& text, const std::function<bool(const ProductFacts&)>& expected) {
    const auto test = product(text);
    EXPECT_TRUE(violations.empty()) << text;
    int taken = 0, left = 0;
    for (ProductIndex i = 0; i < catalogue.product_count(); ++i) {
      const ProductFacts facts = catalogue.product(i);
      EXPECT_EQ(test(facts), expected(facts)) << text << " at " << i;
      ++(test(facts) ? taken : left);
    }
    EXPECT_GT(taken, 0) << text;
    EXPECT_GT(left, 0) << text;
  }
};

TEST_F(Filters, EveryMediaFilterIsEvaluated) {
  using Facts = const MediaFacts&;
  expect_media(R"({"published": true})", [](Facts f) { return f.published; });
  expect_media(R"({"published": false})", [](Facts f) { return !f.published; });
  expect_media(R"({"organization": "O0007"})", [](Facts f) { return f.organization == 6; });
  expect_media(R"({"targetGroup": "doctor"})", [](Facts f) { return (f.target_groups & 4) != 0; });
  expect_media(R"({"targetGroup": ["public", "webshop"]})",
               [](Facts f) { return (f.target_groups & 0x81) != 0; });
  expect_media(R"({"type": "photo"})", [](Facts f) { return f.role == Role::photo; });
  expect_media(R"({"type": "frontal"})", [](Facts f) { return f.role == Role::frontal; });
  expect_media(R"({"type": "link"})", [](Facts f) { return f.role == Role::link; });
  expect_media(R"({"photoType": "pillshot"})",
               [](Facts f) { return f.role != Role::link && f.photo_type == 2; });
  expect_media(R"({"linkType": "app"})", [](Facts f) { return f.role == Role::link && f.photo_type == 0; });
  expect_media(R"({"createdAt": 1500000000})", [](Facts f) { return f.created_at >= 1500000000; });
  expect_media(R"({"createdAt": {"from": 1500000000, "until": 1600000000}})",
               [](Facts f) { return f.created_at >= 1500000000 && f.created_at <= 1600000000; });
  expect_media(R"({"createdAt": {"until": 1500000000}})", [](Facts f) { return f.created_at <= 1500000000; });
  expect_media(R"({"updatedSince": 1600000000})", [](Facts f) { return f.updated_at >= 1600000000; });
  expect_media(R"({"updatedSince": {"from": 1500000000, "until": 1600000000}})",
               [](Facts f) { return f.updated_at >= 1500000000 && f.updated_at <= 1600000000; });
  expect_media(R"({"available": false})",
               [](Facts f) { return f.available_until != 0 && f.available_until < kNow; });
  expect_media(R"({"locale": "fr"})", [](Facts f) { return (f.locales & 2) != 0; });
  expect_media(R"({"locale": ["nl", "de"]})", [](Facts f) { return (f.locales & 9) != 0; });
  const auto members = catalogue.product_media(17);
  expect_media(R"({"product": ")" + catalogue.product_id(17) + R"("})",
               [&](Facts f) { return std::find(members.begin(), members.end(), f.index) != members.end(); });
}

TEST_F(Filters, AndOrNotNest) {
  using Facts = const MediaFacts&;
  expect_media(R"({"and": [{"published": true}, {"or": [{"type": "photo"}, {"type": "frontal"}]}]})",
               [](Facts f) { return f.published && f.role != Role::link; });
  expect_media(R"({"not": {"or": [{"type": "photo"}, {"not": {"locale": "nl"}}]}})",
               [](Facts f) { return f.role != Role::photo && (f.locales & 1) != 0; });
  EXPECT_TRUE(media(R"({"and": []})")(catalogue.media(0)));
  EXPECT_FALSE(media(R"({"or": []})")(catalogue.media(0)));
}

TEST_F(Filters, EveryProductFilterIsEvaluated) {
  using Facts = const ProductFacts&;
  const ProductFacts one = catalogue.product(20), two = catalogue.product(41);
  expect_products(R"({"id": ")" + one.id + R"("})", [&](Facts f) { return f.index == 20; });
  expect_products(R"({"id": [")" + one.id + R"(", ")" + two.id + R"("]})",
                  [&](Facts f) { return f.index == 20 || f.index == 41; });
  expect_products(R"({"status": "replaced"})", [](Facts f) { return f.status == 2; });
  expect_products(R"({"organization": "O0003"})", [](Facts f) { return f.organization == 2; });
  expect_products(R"({"publicCategory": "C004"})", [](Facts f) { return f.category == 4; });
  expect_products(R"({"brand": "B011"})", [](Facts f) { return f.brand == 11; });
  expect_products(R"({"productFamily": "F009"})", [](Facts f) { return f.family == 9; });
  for (const char* key : {"ean", "gtin"})
    expect_products(R"({")" + std::string(key) + R"(": ")" + one.eans[0] + R"("})", [&](Facts f) {
      return std::find(f.eans.begin(), f.eans.end(), one.eans[0]) != f.eans.end();
    });
  expect_products(R"({"cnk": [")" + one.cnk + R"("]})", [&](Facts f) { return f.cnk == one.cnk; });
  expect_products(R"({"minimumContent": false})", [](Facts f) { return !f.minimum_content; });
  expect_products(R"({"hasContent": {"flag": "media", "locale": "de"}})", [&](Facts f) {
    return std::any_of(f.media.begin(), f.media.end(), [&](MediaIndex index) {
      const MediaFacts facts = catalogue.media(index);
      return facts.published && (facts.locales & 8) != 0;
    });
  });
  expect_products(R"({"hasContent": {"flag": "leaflet", "locale": "nl"}})",
                  [test = product(R"({"hasContent": {"flag": "leaflet", "locale": "nl"}})")](Facts f) {
                    return test(f);
                  });
  expect_products(R"({"search": "<SCRIPT>"})", [](Facts f) { return f.index == 3; });
  expect_products(R"({"updatedSince": 1600000000})", [](Facts f) { return f.updated_at >= 1600000000; });
  const MediaIndex wanted = one.media[0];
  expect_products(R"({"media": [)" + std::to_string(catalogue.media_id(wanted)) + "]}", [&](Facts f) {
    return std::find(f.media.begin(), f.media.end(), wanted) != f.media.end();
  });
  expect_products(R"({"and": [{"status": "active"}, {"not": {"minimumContent": true}}]})",
                  [](Facts f) { return f.status == 0 && !f.minimum_content; });
}

TEST_F(Filters, MistakesAreNamed) {
  struct Row {
    const char* filter;
    const char* path;
  };
  const Row media_rows[] = {
      {R"([])", "filter"},
      {R"({})", "filter"},
      {R"({"published": true, "type": "photo"})", "filter"},
      {R"({"publisched": true})", "filter.publisched"},
      {R"({"published": "yes"})", "filter.published"},
      {R"({"type": "movie"})", "filter.type"},
      {R"({"type": ["photo"]})", "filter.type"},
      {R"({"photoType": "selfie"})", "filter.photoType"},
      {R"({"targetGroup": ["public", "pets"]})", "filter.targetGroup"},
      {R"({"targetGroup": 3})", "filter.targetGroup"},
      {R"({"locale": [1]})", "filter.locale"},
      {R"({"createdAt": "yesterday"})", "filter.createdAt"},
      {R"({"updatedSince": {"since": 1}})", "filter.updatedSince"},
      {R"({"and": {"published": true}})", "filter.and"},
      {R"({"and": [{"published": true}, {"or": [{"type": "x"}]}]})", "filter.and[1].or[0].type"},
      {R"({"not": []})", "filter.not"},
      {R"({"cnk": "0012345"})", "filter.cnk"},
  };
  for (const Row& row : media_rows) {
    violations.clear();
    media(row.filter);
    ASSERT_EQ(violations.size(), 1u) << row.filter;
    EXPECT_EQ(violations[0].path, row.path) << row.filter;
  }
  json many = json::array();
  for (int i = 0; i < 1001; ++i) many.push_back(std::to_string(i));
  const std::pair<std::string, const char*> product_rows[] = {
      {json{{"ean", many}}.dump(), "filter.ean"},
      {R"({"status": "no_selection"})", "filter.status"},
      {R"({"hasContent": "media"})", "filter.hasContent"},
      {R"({"hasContent": {"flag": "smell", "locale": "nl"}})", "filter.hasContent"},
      {R"({"media": ["x"]})", "filter.media"},
      {R"({"published": true})", "filter.published"}};
  for (const auto& [filter, path] : product_rows) {
    violations.clear();
    product(filter);
    ASSERT_EQ(violations.size(), 1u) << filter.substr(0, 60);
    EXPECT_EQ(violations[0].path, path);
  }
}

TEST_F(Filters, DeepNestingIsRefusedNotFollowed) {
  std::string text = R"({"published": true})";
  for (int i = 0; i < 200; ++i) text = R"({"not": )" + text + "}";
  media(text);
  EXPECT_EQ(violations.size(), 1u);
}

}  // namespace
}  // namespace medimirror::sandbox
