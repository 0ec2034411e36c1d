#include "feed/picture_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace medimirror {
namespace {

using Found = std::vector<FeedProblem>;

struct CheckRow {
  const char* name;
  FeedSystem system;
  ImageFormat format;
  std::uint32_t width, height;
  std::uint64_t bytes;
  std::string path;
  Found wanted;
};

Found problems_of(const CheckRow& row) {
  FeedPicture picture;
  picture.file.path = row.path;
  picture.file.bytes = row.bytes;
  picture.info.format = row.format;
  picture.info.width = row.width;
  picture.info.height = row.height;
  picture.url = "https://shop.example/" + row.path;
  Found found;
  for (const PictureFinding& finding : check_picture(picture, rules_of(row.system))) {
    EXPECT_FALSE(finding.detail.empty());
    found.push_back(finding.problem);
  }
  return found;
}

constexpr auto kJpeg = ImageFormat::jpeg;
constexpr auto kPng = ImageFormat::png;
constexpr auto kWebp = ImageFormat::webp;
constexpr auto kAvif = ImageFormat::avif;

TEST(PictureChecks, Table) {
  using S = FeedSystem;
  using P = FeedProblem;
  const std::string long_name(87, 'a');  // with .jpg 91 bytes
  const CheckRow rows[] = {
      {"good for Magento", S::magento, kJpeg, 900, 900, 100, "a/1.jpg", {}},
      {"no WebP for Magento", S::magento, kWebp, 900, 900, 100, "a/1.webp", {P::type_not_taken}},
      {"WebP for WooCommerce", S::woocommerce, kWebp, 900, 900, 100, "a/1.webp", {}},
      {"AVIF for WooCommerce", S::woocommerce, kAvif, 900, 900, 100, "a/1.avif", {}},
      {"no AVIF for Google", S::google, kAvif, 900, 900, 100, "a/1.avif", {P::type_not_taken}},
      {"no AVIF for Shopware", S::shopware, kAvif, 900, 900, 100, "a/1.avif", {P::type_not_taken}},
      {"no GIF for PrestaShop", S::prestashop, ImageFormat::gif, 9, 9, 100, "a/1.gif", {P::type_not_taken}},
      {"all of it for JSON", S::jsonl, kAvif, 1, 1, 1ULL << 40, "a/1", {}},
      {"jpeg is jpg", S::google, kJpeg, 900, 900, 100, "a/1.JPEG", {}},
      {"name says otherwise", S::google, kPng, 900, 900, 100, "a/1.jpg", {P::extension_mismatch}},
      {"name says nothing", S::magento, kPng, 900, 900, 100, "a.png/1", {P::extension_mismatch}},
      {"Magento's longest name", S::magento, kJpeg, 9, 9, 1, "x/" + long_name.substr(1) + ".jpg", {}},
      {"a longer one", S::magento, kJpeg, 9, 9, 1, "x/" + long_name + ".jpg", {P::name_too_long}},
      {"capitals", S::magento, kJpeg, 9, 9, 1, "x/Ab.jpg", {P::name_will_change}},
      {"signs in a folder do not count", S::magento, kJpeg, 9, 9, 1, "X+Y/ab.jpg", {}},
      {"Shopify's largest side", S::shopify, kJpeg, 4472, 4472, 20'000'000, "1.jpg", {}},
      {"a pixel more", S::shopify, kJpeg, 10, 4473, 100, "1.jpg", {P::side_too_long}},
      {"a byte more", S::shopify, kJpeg, 10, 10, 20'000'001, "1.jpg", {P::too_many_bytes}},
      {"a name for a size", S::shopify, kJpeg, 10, 10, 1, "a/1_small.jpg", {P::name_ends_in_size}},
      {"Google's smallest", S::google, kJpeg, 100, 100, 16'000'000, "1.jpg", {}},
      {"smaller", S::google, kJpeg, 500, 99, 100, "1.jpg", {P::side_too_short}},
      {"64 megapixels", S::google, kJpeg, 8000, 8000, 100, "1.jpg", {}},
      {"more", S::google, kJpeg, 8000, 8001, 100, "1.jpg", {P::too_many_pixels}},
      {"bytes for Google", S::google, kJpeg, 900, 900, 16'000'001, "1.jpg", {P::too_many_bytes}},
      {"long URL", S::google, kJpeg, 900, 900, 1, std::string(1980, 'a') + ".jpg", {P::url_too_long}},
      {"several at once",
       S::google,
       kAvif,
       9,
       9,
       17'000'000,
       "1.avif",
       {P::type_not_taken, P::too_many_bytes, P::side_too_short}},
  };
  for (const CheckRow& row : rows) EXPECT_EQ(problems_of(row), row.wanted) << row.name;
}

TEST(PictureChecks, NamesOfProblemsAreTheirOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kFeedProblems; ++i) {
    const std::string_view name = name_of(static_cast<FeedProblem>(i));
    EXPECT_FALSE(name.empty());
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  EXPECT_TRUE(leaves_out(FeedProblem::no_name));
  EXPECT_FALSE(leaves_out(FeedProblem::name_will_change));
}

TEST(Systems, EachWordIsUnderstood) {
  EXPECT_EQ(feed_system_names().size(), 9u);
  for (const std::string& name : feed_system_names()) {
    const auto system = parse_feed_system(name);
    ASSERT_TRUE(system) << name;
    EXPECT_FALSE(rules_of(*system).title.empty());
    EXPECT_FALSE(rules_of(*system).extension.empty());
  }
  EXPECT_FALSE(parse_feed_system("oscommerce"));
  EXPECT_EQ(rules_of(FeedSystem::sqlite).extension, "sqlite");
  EXPECT_EQ(rules_of(FeedSystem::google).pictures_max, 11u);
}

}  // namespace
}  // namespace medimirror
