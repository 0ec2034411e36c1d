#include <gtest/gtest.h>

#include "api/item_parser.h"

namespace medimirror {
namespace {

using Formats = std::vector<MediaFormat>;
using Texts = std::vector<std::string>;

MediaItem item_of(std::string_view json) {
  const auto item = parse_media_item(json);
  EXPECT_TRUE(item) << json;
  return item.value_or(MediaItem{});
}

TEST(ItemParser, TakesAFrontalAsItIsReallySent) {
  const MediaItem item = item_of(R"({"id": 659214, "type": "frontal", "locales": ["nl","en"],
    "targetGroups": ["public","pharmacist","webshop"], "photoType": "packshot",
    "formats": {"thumbnail":"https:\/\/a\/t","mediumJpeg":"https://a/mj","hugePng":"https://a/hp","huge":"https://a/h"},
    "displayOrder": 1, "meta": {"createdAt": 1785941124, "updatedAt": 1786089673}})");
  EXPECT_EQ(item.id, 659214u);
  EXPECT_EQ(item.kind, MediaKind::frontal);
  EXPECT_EQ(item.photo_type, "packshot");
  EXPECT_EQ(item.locales, (Texts{"nl", "en"}));
  EXPECT_EQ(item.target_groups, (Texts{"public", "pharmacist", "webshop"}));
  EXPECT_EQ(item.formats, (Formats{{"thumbnail", "https://a/t"},
                                   {"mediumJpeg", "https://a/mj"},
                                   {"hugePng", "https://a/hp"},
                                   {"huge", "https://a/h"}}));
  EXPECT_EQ(item.display_order, 1);
  EXPECT_EQ(item.created_at, 1785941124);
  EXPECT_EQ(item.updated_at, 1786089673);
}

TEST(ItemParser, TakesALinkWithItsAddress) {
  const MediaItem item = item_of(R"({"id":9,"type":"link","linkType":"video","url":"https://v/1",
    "name":{"nl":"Film"},"description":null,"available":{"from":1,"until":null}})");
  EXPECT_EQ(item.kind, MediaKind::link);
  EXPECT_EQ(item.link_type, "video");
  EXPECT_EQ(item.link_url, "https://v/1");
  EXPECT_TRUE(item.formats.empty());
}

TEST(ItemParser, OnlyAnObjectWithAUsableIdIsAnItem) {
  struct Row {
    const char* json;
    MediaId id;  // 0: nothing
  };
  const Row rows[] = {
      {R"({"id":1})", 1},
      {R"({"id":"117550"})", 117550},
      {R"({"id":18446744073709551615})", 18446744073709551615u},
      {R"({"type":"photo","id":3})", 3},
      {R"({"id":0})", 0},
      {R"({"id":-5})", 0},
      {R"({"id":1.5})", 0},
      {R"({"id":"M5489B0D8B"})", 0},
      {R"({"id":""})", 0},
      {R"({"id":" 7"})", 0},
      {R"({"id":"-7"})", 0},
      {R"({"id":"99999999999999999999"})", 0},
      {R"({"id":null})", 0},
      {R"({"id":true})", 0},
      {R"({"id":[1]})", 0},
      {R"({"ID":1})", 0},
      {R"({})", 0},
      {R"([])", 0},
      {R"([{"id":1}])", 0},
      {R"(null)", 0},
      {R"("text")", 0},
      {R"()", 0},
      {R"( )", 0},
      {R"({"id":1)", 0},
      {R"({"id":1}})", 0},
      {R"({"id":1} {"id":2})", 0},
      {R"({"id":1,})", 0},
      {"{\"id\":1,\"photoType\":\"\xff\"}", 0},
      {"<html>", 0},
  };
  for (const Row& row : rows) {
    const auto item = parse_media_item(row.json);
    EXPECT_EQ(item ? item->id : 0, row.id) << row.json;
  }
  EXPECT_FALSE(parse_media_item(std::string(5000, '[')));
}

TEST(ItemParser, TakesFormatsInEveryShape) {
  struct Row {
    const char* name;
    const char* formats;
    Formats expected;
  };
  const Formats both{{"huge", "h"}, {"large", "l"}};
  const Row rows[] = {
      {"object", R"({"huge":"h","large":"l"})", both},
      {"array of objects", R"([{"huge":"h"},{"large":"l"}])", both},
      {"array of one object", R"([{"huge":"h","large":"l"}])", both},
      {"name and url", R"([{"name":"huge","url":"h"},{"name":"large","url":"l"}])", both},
      {"key and url", R"([{"url":"h","key":"huge"},{"key":"large","url":"l"}])", both},
      {"format and url", R"([{"format":"huge","url":"h","width":1500},{"format":"large","url":"l"}])", both},
      {"mixed", R"([{"name":"huge","url":"h"},{"large":"l"}])", both},
      {"one pair alone", R"({"name":"huge","url":"h"})", {{"huge", "h"}}},
      {"url inside", R"({"huge":{"url":"h","width":1500},"large":"l"})", both},
      {"null values", R"({"thumbnail":null,"huge":"h","medium":null,"large":"l"})", both},
      {"empty values", R"({"thumbnail":"","huge":"h","medium":"  ","large":"l"})", both},
      {"null url of a pair", R"([{"name":"thumbnail","url":null},{"name":"huge","url":"h"},{"large":"l"}])",
       both},
      {"unnamed pair is keyed", R"([{"url":"u"}])", {{"url", "u"}}},
      {"values of other types", R"({"a":1,"b":true,"c":[],"d":{},"huge":"h","large":"l"})", both},
      {"elements of other types", R"(["h",null,3,[],{"huge":"h","large":"l"}])", both},
      {"unknown keys are kept", R"({"gigantic8k":"g","":"e"})", {{"gigantic8k", "g"}}},
      {"the first of equal keys", R"([{"huge":"h"},{"huge":"other"},{"large":"l"}])", both},
      {"null before a value", R"([{"huge":null},{"huge":"h"},{"large":"l"}])", both},
      {"relative",
       R"({"huge":"\/media\/a b.jpg","large":"..\/x?y=1"})",
       {{"huge", "/media/a b.jpg"}, {"large", "../x?y=1"}}},
      {"unicode", R"({"huge":"\u00e9\ud83d\ude00"})", {{"huge", "\u00e9\U0001F600"}}},
      {"null", "null", {}},
      {"empty object", "{}", {}},
      {"empty array", "[]", {}},
      {"text", R"("https://a")", {}},
      {"number", "5", {}},
  };
  for (const Row& row : rows)
    EXPECT_EQ(item_of(std::string(R"({"id":1,"formats":)") + row.formats + "}").formats, row.expected)
        << row.name;
}

TEST(ItemParser, TellsTheKind) {
  struct Row {
    const char* fields;
    MediaKind kind;
  };
  const Row rows[] = {
      {R"("type":"photo")", MediaKind::photo},
      {R"("type":"frontal")", MediaKind::frontal},
      {R"("type":"link")", MediaKind::link},
      {R"("type":"hologram","formats":{"huge":"h"})", MediaKind::unknown},
      {R"("type":"Photo")", MediaKind::unknown},
      {R"("photoType":"packshot","formats":{"huge":"h"})", MediaKind::photo},
      {R"("type":null,"formats":{"huge":"h"})", MediaKind::photo},
      {R"("type":"","photoType":"packshot")", MediaKind::photo},
      {R"("linkType":"website","url":"https://w")", MediaKind::link},
      {R"("type":3,"linkType":"website")", MediaKind::link},
      {R"("locales":[])", MediaKind::unknown},
  };
  for (const Row& row : rows)
    EXPECT_EQ(item_of(std::string(R"({"id":1,)") + row.fields + "}").kind, row.kind) << row.fields;
}

TEST(ItemParser, TakesListsInEveryShape) {
  struct Row {
    const char* value;
    Texts expected;
  };
  const Row rows[] = {
      {R"(["nl","fr"])", {"nl", "fr"}},
      {R"("nl")", {"nl"}},
      {"null", {}},
      {R"("")", {}},
      {"[]", {}},
      {"{}", {}},
      {R"([null,"nl",3,""])", {"nl"}},
      {R"({"0":"nl"})", {}},
      {"7", {}},
  };
  for (const Row& row : rows) {
    const std::string value = row.value;
    const MediaItem item = item_of(R"({"id":1,"locales":)" + value + R"(,"targetGroups":)" + value +
                                   R"(,"visibleSides":)" + value + "}");
    EXPECT_EQ(item.locales, row.expected) << value;
    EXPECT_EQ(item.target_groups, row.expected) << value;
    EXPECT_EQ(item.visible_sides, row.expected) << value;
  }
  const MediaItem bare = item_of(R"({"id":1})");
  EXPECT_TRUE(bare.locales.empty() && bare.target_groups.empty() && bare.visible_sides.empty());
}

TEST(ItemParser, TakesTimesAndNumbersInEveryShape) {
  struct Row {
    const char* value;
    std::optional<std::int64_t> expected;
  };
  const Row rows[] = {{"1785941124", 1785941124},
                      {R"("1785941124")", 1785941124},
                      {"1785941124.0", 1785941124},
                      {"0", 0},
                      {"-1", -1},
                      {"null", std::nullopt},
                      {R"("")", std::nullopt},
                      {R"("soon")", std::nullopt},
                      {R"("1e9")", std::nullopt},
                      {"[]", std::nullopt},
                      {"{}", std::nullopt},
                      {"true", std::nullopt},
                      {"1e300", std::nullopt},
                      {"18446744073709551615", std::nullopt}};
  for (const Row& row : rows) {
    const std::string value = row.value;
    const MediaItem item = item_of(R"({"id":1,"displayOrder":)" + value + R"(,"meta":{"createdAt":)" + value +
                                   R"(,"updatedAt":)" + value + "}}");
    EXPECT_EQ(item.created_at, row.expected) << value;
    EXPECT_EQ(item.updated_at, row.expected) << value;
    EXPECT_EQ(item.display_order, row.expected) << value;
  }
  for (const char* meta : {"null", "[]", "3", R"("x")", "{}"})
    EXPECT_FALSE(item_of(std::string(R"({"id":1,"meta":)") + meta + "}").updated_at) << meta;
}

TEST(ItemParser, TextsOfOtherTypesAreMissing) {
  const MediaItem item = item_of(R"({"id":1,"photoType":null,"linkType":[],"url":{"nl":"x"}})");
  EXPECT_EQ(item.photo_type, "");
  EXPECT_EQ(item.link_type, "");
  EXPECT_EQ(item.link_url, "");
}

// ---- products

Product product_of(std::string_view json) {
  const auto product = parse_product(json);
  EXPECT_TRUE(product) << json;
  return product.value_or(Product{});
}

TEST(ItemParser, TakesAProduct) {
  const Product product = product_of(R"({"id":"M5489B0D8B","status":"active","cnk":"0012345",
    "ean":["0401234567890"],"eanGtin13":"5401234567890","name":{"nl":"Pil","fr":"Pilule","en":null},
    "photos":[{"id":5,"displayOrder":2},{"id":"6"}],"frontals":[{"id":5,"displayOrder":1}],"links":[{"id":8}],
    "meta":{"updatedAt":"17"}})");
  EXPECT_EQ(product.id, "M5489B0D8B");
  EXPECT_EQ(product.status, "active");
  EXPECT_EQ(product.cnk, "0012345");
  EXPECT_EQ(product.eans, (Texts{"0401234567890", "5401234567890"}));
  EXPECT_EQ(product.names,
            (std::vector<std::pair<std::string, std::string>>{{"nl", "Pil"}, {"fr", "Pilule"}}));
  EXPECT_EQ(product.media,
            (std::vector<ProductMedia>{
                {5, MediaKind::photo, 2}, {6, MediaKind::photo, std::nullopt}, {5, MediaKind::frontal, 1}}));
  EXPECT_EQ(product.updated_at, 17);
}

TEST(ItemParser, KeepsTheLeadingZerosOfCodes) {
  struct Row {
    const char* fields;
    const char* cnk;
    Texts eans;
  };
  const Row rows[] = {
      {R"("cnk":"0000017")", "0000017", {}},
      {R"("cnk":17)", "0000017", {}},
      {R"("cnk":null)", "", {}},
      {R"("cnk":"")", "", {}},
      {R"("x":0)", "", {}},
      {R"("ean":"0123")", "", {"0123"}},
      {R"("ean":null)", "", {}},
      {R"("ean":[])", "", {}},
      {R"("ean":["0123","0123",null,"","0456"])", "", {"0123", "0456"}},
      {R"("eanGtin8":123,"eanGtin12":"012345678905","eanGtin14":5)",
       "",
       {"00000123", "012345678905", "00000000000005"}},
      {R"("eanGtin13":["0401234567890"],"ean":["0401234567890"])", "", {"0401234567890"}},
  };
  for (const Row& row : rows) {
    const Product product = product_of(std::string(R"({"id":"M1",)") + row.fields + "}");
    EXPECT_EQ(product.cnk, row.cnk) << row.fields;
    EXPECT_EQ(product.eans, row.eans) << row.fields;
  }
}

TEST(ItemParser, TakesTheMediaOfAProductInEveryShape) {
  struct Row {
    const char* photos;
    std::vector<MediaId> ids;
  };
  const Row rows[] = {{"[1,2]", {1, 2}},
                      {R"(["1",{"id":2}])", {1, 2}},
                      {"null", {}},
                      {"{}", {}},
                      {"[]", {}},
                      {R"([{"id":0},{"x":1},null,"M1",3])", {3}},
                      {R"([{"id":4},{"id":4}])", {4}}};
  for (const Row& row : rows) {
    std::vector<MediaId> ids;
    for (const ProductMedia& media :
         product_of(std::string(R"({"id":"M1","photos":)") + row.photos + "}").media)
      ids.push_back(media.id);
    EXPECT_EQ(ids, row.ids) << row.photos;
  }
}

TEST(ItemParser, AProductNeedsItsId) {
  for (const char* json :
       {R"({"id":5})", R"({"id":""})", R"({"id":null})", R"({"cnk":"1"})", "[]", "", "{\"id\":\"M1\""})
    EXPECT_FALSE(parse_product(json)) << json;
  const Product plain_name = product_of(R"({"id":"M1","name":"Pil"})");
  EXPECT_EQ(plain_name.names, (std::vector<std::pair<std::string, std::string>>{{"", "Pil"}}));
}

}  // namespace
}  // namespace medimirror
