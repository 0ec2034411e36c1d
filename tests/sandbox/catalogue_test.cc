#include "sandbox/catalogue.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "sandbox/media_json.h"
#include "sandbox/mix.h"

namespace medimirror::sandbox {
namespace {

Catalogue plain(CatalogueOptions options = {}) {
  return Catalogue(options, std::make_shared<Overlay>());
}

std::string written(const Catalogue& catalogue, const MediaFacts& facts) {
  std::string out;
  JsonText json(out);
  write_media(json, catalogue, {"http://h", "m.test"}, facts, std::nullopt);
  return out;
}

TEST(Mix, CanBeUndone) {
  for (std::uint64_t i = 0; i < 1000; ++i)
    EXPECT_EQ(unmix(mix(i * 0x123456789abcdefULL)), i * 0x123456789abcdefULL);
}

TEST(Catalogue, IsTheSameForTheSameSeedAndAnotherForAnother) {
  const Catalogue a = plain(), b = plain();
  CatalogueOptions other;
  other.seed = 2;
  const Catalogue c = plain(other);
  int different = 0;
  for (MediaIndex i = 0; i < 200; ++i) {
    EXPECT_EQ(written(a, a.media(i)), written(b, b.media(i)));
    if (written(a, a.media(i)) != written(c, c.media(i))) ++different;
  }
  EXPECT_GT(different, 190);
}

TEST(Catalogue, IdsAscendWithGapsAndLeadBack) {
  const Catalogue catalogue = plain();
  bool gap = false;
  for (MediaIndex i = 0; i + 1 < catalogue.media_count(); ++i) {
    ASSERT_LT(catalogue.media_id(i), catalogue.media_id(i + 1));
    gap = gap || catalogue.media_id(i) + 1 < catalogue.media_id(i + 1);
    ASSERT_EQ(catalogue.media_index(catalogue.media_id(i)), i);
  }
  EXPECT_TRUE(gap);
  EXPECT_EQ(catalogue.media_index(1), std::nullopt);
  EXPECT_EQ(catalogue.media_index(
                catalogue.media_id(5) + 1 == catalogue.media_id(6) ? 1 : catalogue.media_id(5) + 1),
            std::nullopt);
  EXPECT_EQ(catalogue.media_index(~0ULL), std::nullopt);
}

TEST(Catalogue, HasEveryOddityIn200MediaAndNoneWhenOff) {
  CatalogueOptions options;
  options.media = 200;
  std::set<Oddity> met;
  for (MediaIndex i = 0; i < 200; ++i) met.insert(oddity_of(options, i));
  EXPECT_EQ(met.size(), static_cast<std::size_t>(Oddity::count_));
  options.oddities = false;
  for (MediaIndex i = 0; i < 200; ++i) EXPECT_EQ(oddity_of(options, i), Oddity::none);
}

TEST(Catalogue, OdditiesHaveTheirShapes) {
  const Catalogue catalogue = plain();
  const std::map<Oddity, std::string> expected = {
      {Oddity::id_as_text, R"({"id":"1)"},
      {Oddity::formats_as_objects, R"("formats":[{"thumbnail":)"},
      {Oddity::formats_as_pairs, R"("formats":[{"name":")"},
      {Oddity::null_format, R"("gigantic":null)"},
      {Oddity::empty_format, R"("gigantic":"")"},
      {Oddity::empty_formats, R"("formats":{})"},
      {Oddity::null_formats, R"("formats":null)"},
      {Oddity::unknown_keys, R"("print300dpi":)"},
      {Oddity::sides_list, R"("visibleSides":[")"},
      {Oddity::sides_text, R"("visibleSides":"front")"},
      {Oddity::sides_null, R"("visibleSides":null)"},
      {Oddity::locales_text, R"("locales":")"},
      {Oddity::locales_null, R"("locales":null)"},
      {Oddity::times_text, R"("createdAt":"1)"},
      {Oddity::times_null, R"("createdAt":null)"},
      {Oddity::query_in_url, "?v=0&name="},
      {Oddity::dotted_path, "media/x/../"},
      {Oddity::link, R"("linkType":)"},
  };
  for (MediaIndex i = 0; i < 200; ++i) {
    const MediaFacts facts = catalogue.media(i);
    const std::string text = written(catalogue, facts);
    if (const auto found = expected.find(facts.oddity); found != expected.end()) {
      EXPECT_THAT(text, testing::HasSubstr(found->second)) << name_of(facts.oddity);
    }
    if (facts.oddity == Oddity::missing_type) {
      EXPECT_THAT(text, testing::Not(testing::HasSubstr("\"type\"")));
    }
    if (facts.oddity == Oddity::no_huge) {
      EXPECT_THAT(text, testing::Not(testing::HasSubstr("\"huge")));
    }
    if (facts.oddity == Oddity::no_meta) {
      EXPECT_THAT(text, testing::Not(testing::HasSubstr("\"meta\"")));
    }
    if (facts.oddity == Oddity::unpublished) {
      EXPECT_FALSE(facts.published);
    }
    EXPECT_EQ(catalogue.lines(i), facts.oddity == Oddity::photo_and_frontal ? 2 : 1);
  }
}

TEST(Catalogue, UrlsAreOfEveryShapeAndLeadBackToTheItem) {
  const Catalogue catalogue = plain();
  const MediaHosts hosts{"http://h:1", "m.test"};
  std::set<std::string> shapes;
  for (MediaIndex i = 0; i < catalogue.media_count(); ++i) {
    const MediaFacts facts = catalogue.media(i);
    for (const FormatEntry& format : formats_of(facts)) {
      const auto address = parse_picture_path(1, picture_path(1, facts, format));
      ASSERT_TRUE(address);
      EXPECT_EQ(address->index, i);
      EXPECT_EQ(address->role, facts.role);
      EXPECT_EQ(address->size, format.size);
      const std::string url = listed_url(1, hosts, facts, format);
      shapes.insert(url.substr(0, url.find("media")));
    }
  }
  EXPECT_THAT(shapes, testing::UnorderedElementsAre("", "/", "//m.test/", "http://h:1/"));
  EXPECT_FALSE(parse_picture_path(1, "/media/huge/0123456789abcdeg.jpeg"));
  EXPECT_FALSE(parse_picture_path(1, "/media/giant/0123456789abcdef.jpeg"));
  EXPECT_FALSE(parse_picture_path(1, "/media/huge/0123456789abcdef.gif"));
  EXPECT_FALSE(parse_picture_path(1, "/media/"));
}

TEST(Catalogue, SomePicturesAreEqualAndAllOthersDiffer) {
  CatalogueOptions options;
  options.media = 400;
  const Catalogue catalogue = plain(options);
  std::map<std::uint64_t, int> uses;
  for (MediaIndex i = 0; i < 400; ++i) ++uses[catalogue.picture_key(i, 0, Role::photo)];
  EXPECT_EQ(uses.size(), 400u - 2 * 4);  // twice five items with one picture

  options.same_picture = 300;
  const Catalogue same = plain(options);
  std::set<std::uint64_t> keys;
  for (MediaIndex i = 0; i < 300; ++i) {
    keys.insert(same.picture_key(i, 0, Role::photo));
    EXPECT_EQ(same.media(i).role, Role::photo);
    EXPECT_TRUE(same.media(i).published);
  }
  EXPECT_EQ(keys.size(), 1u);
}

TEST(Products, CodesAreTextWithLeadingZerosDuplicatesAndGaps) {
  const Catalogue catalogue = plain();
  std::map<std::string, int> eans;
  std::set<std::string> cnks;
  int leading_zero = 0, no_code = 0;
  for (ProductIndex i = 0; i < catalogue.product_count(); ++i) {
    const ProductFacts facts = catalogue.product(i);
    EXPECT_EQ(catalogue.product_index(facts.id), i);
    if (!facts.cnk.empty()) {
      EXPECT_EQ(facts.cnk.size(), 7u);
      EXPECT_TRUE(cnks.insert(facts.cnk).second);
      leading_zero += facts.cnk[0] == '0';
    }
    for (const std::string& ean : facts.eans) {
      EXPECT_THAT(ean.size(), testing::AnyOf(8u, 12u, 13u, 14u));
      ++eans[ean];
    }
    no_code += facts.cnk.empty() && facts.eans.empty();
  }
  EXPECT_GT(leading_zero, 10);
  EXPECT_GT(no_code, 3);
  EXPECT_TRUE(std::any_of(eans.begin(), eans.end(), [](const auto& entry) { return entry.second > 1; }));
  EXPECT_EQ(catalogue.product_index("M000000000"), std::nullopt);
  EXPECT_EQ(catalogue.product_index("X5489B0D8B"), std::nullopt);
}

TEST(Products, HaveOneToEightMediaAndShareSome) {
  CatalogueOptions options;
  options.media = 300;
  const Catalogue catalogue = plain(options);
  std::map<MediaIndex, int> uses;
  for (ProductIndex i = 0; i < catalogue.product_count(); ++i) {
    const auto media = catalogue.product_media(i);
    EXPECT_GE(media.size(), 1u);
    EXPECT_LE(media.size(), 8u);
    for (const MediaIndex index : media) ++uses[index];
  }
  EXPECT_TRUE(std::any_of(uses.begin(), uses.end(), [](const auto& entry) { return entry.second > 1; }));
}

}  // namespace
}  // namespace medimirror::sandbox
