#include "sandbox/pictures.h"

#include <gtest/gtest.h>

#include <set>
#include <vips/vips8>

#include "support/temporary_folder.h"

namespace medimirror::sandbox {
namespace {

// Decodes every pixel; any warning of the decoder is a failure.
vips::VImage decode(const std::string& bytes) {
  return vips::VImage::new_from_buffer(bytes.data(), bytes.size(), "",
                                       vips::VImage::option()->set("fail_on", VIPS_FAIL_ON_WARNING))
      .copy_memory();
}

class SandboxPictures : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(VIPS_INIT("sandbox_test"), 0); }
};

TEST_F(SandboxPictures, SmallOnesDecodeAndDiffer) {
  const auto pictures = small_pictures();
  std::set<std::string> all;
  std::size_t made = 0;
  for (std::uint64_t key = 0; key < 30; ++key) {
    for (const PictureSize size :
         {PictureSize::thumbnail, PictureSize::medium, PictureSize::large, PictureSize::huge}) {
      for (const Encoding encoding : {Encoding::jpeg, Encoding::png, Encoding::webp}) {
        for (const bool square : {true, false}) {
          const PictureSpec spec{key, size, encoding, key % 2 == 0, square};
          const std::string bytes = pictures->bytes(spec);
          EXPECT_EQ(bytes, pictures->bytes(spec));
          EXPECT_LT(bytes.size(), 1200u);
          all.insert(bytes);
          ++made;
          const vips::VImage image = decode(bytes);
          EXPECT_EQ(image.width() == image.height(), square);
          EXPECT_EQ(image.has_alpha(),
                    encoding != Encoding::jpeg && (spec.cut_out || encoding == Encoding::png));
          image.avg();
        }
      }
    }
  }
  EXPECT_EQ(all.size(), made);
}

TEST_F(SandboxPictures, RealOnesLookLikeProducts) {
  const TemporaryFolder folder;
  const PictureSpec photo{7, PictureSize::huge, Encoding::jpeg, false, true};
  const std::string bytes = real_pictures(folder.path())->bytes(photo);
  EXPECT_GT(bytes.size(), 80'000u);
  EXPECT_LT(bytes.size(), 400'000u);
  const vips::VImage image = decode(bytes);
  EXPECT_EQ(image.width(), 1500);
  EXPECT_EQ(image.height(), 1500);
  EXPECT_EQ(real_pictures(folder.path())->bytes(photo), bytes);  // from disk
  const TemporaryFolder other;
  const auto afresh = real_pictures(other.path());
  EXPECT_EQ(afresh->bytes(photo), bytes);  // drawn again

  const vips::VImage frontal = decode(afresh->bytes({8, PictureSize::medium, Encoding::png, true, true}));
  EXPECT_EQ(frontal.width(), 450);
  ASSERT_TRUE(frontal.has_alpha());
  EXPECT_EQ(frontal.getpoint(0, 0)[3], 0);
  EXPECT_EQ(frontal.getpoint(225, 260)[3], 255);
  EXPECT_EQ(decode(afresh->bytes({8, PictureSize::thumbnail, Encoding::webp, true, true})).width(), 200);
  const vips::VImage wide = decode(afresh->bytes({8, PictureSize::large, Encoding::jpeg, false, false}));
  EXPECT_EQ(wide.width(), 900);
  EXPECT_LT(wide.height(), 900);
}

}  // namespace
}  // namespace medimirror::sandbox
