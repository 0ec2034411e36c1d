#include "base/image.h"

#include <gtest/gtest.h>

#include <set>

namespace medimirror {
namespace {

TEST(ImageTest, FormatsHaveNamesAndExtensions) {
  EXPECT_EQ(parse_image_format("jpg"), ImageFormat::jpeg);
  EXPECT_EQ(parse_image_format("jpeg"), ImageFormat::jpeg);
  EXPECT_EQ(extension_of(ImageFormat::jpeg), "jpg");
  EXPECT_FALSE(parse_image_format("tiff"));
  EXPECT_EQ(extension_of(ImageFormat::unknown), "bin");
}

TEST(ImageTest, ARecipesKeySeesEverythingButItsName) {
  Recipe base;
  base.name = "thumb";
  base.width = base.height = 450;
  Recipe renamed = base;
  renamed.name = "small";
  EXPECT_EQ(base.key(), renamed.key());

  std::set<std::uint64_t> keys{base.key()};
  const auto differs = [&](auto change) {
    Recipe other = base;
    change(other);
    EXPECT_TRUE(keys.insert(other.key()).second);
  };
  differs([](Recipe& r) { r.width = 451; });
  differs([](Recipe& r) { r.height = 451; });
  differs([](Recipe& r) { r.format = ImageFormat::webp; });
  differs([](Recipe& r) { r.quality = 83; });
  differs([](Recipe& r) { r.fit = Fit::pad; });
  differs([](Recipe& r) { r.background.red = 0; });
  differs([](Recipe& r) { r.enlarge = true; });
}

}  // namespace
}  // namespace medimirror
