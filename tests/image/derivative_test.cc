#include "image/derivative.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "image/inspector.h"
#include "image/pictures.h"

namespace medimirror {
namespace {

using pictures::decoded;
using pictures::encoded;
using pictures::packshot;
using vips::VImage;

Recipe recipe(std::uint32_t width, std::uint32_t height, Fit fit = Fit::inside,
              ImageFormat format = ImageFormat::png, bool enlarge = false) {
  Recipe made;
  made.name = "test";
  made.width = width;
  made.height = height;
  made.fit = fit;
  made.format = format;
  made.enlarge = enlarge;
  return made;
}

std::vector<MadeDerivative> derive(std::string_view bytes, const std::vector<Recipe>& recipes) {
  auto result = inspect_pixels(bytes, recipes);
  if (const auto* rejection = std::get_if<Rejection>(&result)) {
    ADD_FAILURE() << rejection->detail;
    return std::vector<MadeDerivative>(recipes.size());
  }
  return std::get<Inspection>(std::move(result)).derivatives;
}

std::string derive_one(std::string_view bytes, const Recipe& one) {
  return derive(bytes, {one})[0].bytes;
}

std::vector<int> pixel(const VImage& image, int x, int y) {
  std::vector<int> values;
  for (const double value : const_cast<VImage&>(image).getpoint(x, y)) values.push_back(int(value));
  return values;
}

bool is_near(const std::vector<int>& one, const std::vector<int>& other, int distance) {
  if (one.size() != other.size()) return false;
  for (std::size_t i = 0; i < one.size(); ++i)
    if (std::abs(one[i] - other[i]) > distance) return false;
  return true;
}

TEST(Place, Table) {
  struct {
    const char* name;
    std::uint32_t width, height;
    Recipe recipe;
    DerivativeSize placement;
  } const rows[] = {
      {"inside wide", 1500, 1000, recipe(450, 450), {450, 300, 450, 300}},
      {"inside high", 1000, 1500, recipe(450, 450), {300, 450, 300, 450}},
      {"inside, never enlarged", 100, 50, recipe(450, 450), {100, 50, 100, 50}},
      {"inside, enlarged",
       100,
       50,
       recipe(450, 450, Fit::inside, ImageFormat::png, true),
       {450, 225, 450, 225}},
      {"inside, width only", 1500, 1000, recipe(450, 0), {450, 300, 450, 300}},
      {"inside, extreme", 30000, 10, recipe(100, 100), {100, 1, 100, 1}},
      {"cover wide", 1500, 1000, recipe(400, 400, Fit::cover), {600, 400, 400, 400}},
      {"cover, smaller than the frame", 300, 1000, recipe(400, 400, Fit::cover), {300, 1000, 300, 400}},
      {"pad wide", 1500, 1000, recipe(450, 450, Fit::pad), {450, 300, 450, 450}},
      {"pad, never enlarged", 100, 50, recipe(450, 450, Fit::pad), {100, 50, 450, 450}},
  };
  for (const auto& row : rows) EXPECT_EQ(place(row.width, row.height, row.recipe), row.placement) << row.name;
}

TEST(Derivative, SizesAndFormats) {
  const std::string photo = encoded(packshot(300, 200), ".jpg");
  for (const ImageFormat format :
       {ImageFormat::jpeg, ImageFormat::png, ImageFormat::webp, ImageFormat::avif}) {
    const MadeDerivative made = derive(photo, {recipe(100, 100, Fit::inside, format)})[0];
    EXPECT_EQ(made.info, (ImageInfo{format, 100, 67, 1, false, ""})) << name_of(format);
    const VImage image = decoded(made.bytes);
    EXPECT_EQ(image.width(), 100);
    EXPECT_EQ(image.height(), 67);
    EXPECT_EQ(std::get<ImageInfo>(inspect_header(made.bytes)).format, format);
  }
}

TEST(Derivative, SameBytesWhateverElseIsMadeOfTheConfigured) {
  const Recipe small = recipe(60, 60, Fit::inside, ImageFormat::webp), large = recipe(200, 200);
  const std::vector<Recipe> configured{large, small};
  for (const char* suffix : {".png", ".jpg"}) {
    const std::string photo = encoded(packshot(900, 800), suffix);
    const auto both = derive(photo, configured);
    ASSERT_EQ(both.size(), 2u);
    for (const std::size_t one : {0u, 1u}) {
      const auto alone = inspect_pixels(photo, {configured, std::uint64_t{1} << one});
      const auto& made = std::get<Inspection>(alone).derivatives;
      ASSERT_EQ(made.size(), 1u);
      EXPECT_EQ(made[0].recipe, one);
      EXPECT_EQ(made[0].bytes, both[one].bytes) << suffix << " " << one;
    }
  }
}

TEST(Derivative, PadsWithTheColour) {
  Recipe padded = recipe(100, 100, Fit::pad);
  padded.background = {10, 200, 30};
  for (const int bands : {1, 3}) {
    const VImage image = decoded(derive_one(encoded(packshot(300, 150, bands), ".png"), padded));
    EXPECT_EQ(image.height(), 100);
    EXPECT_EQ(pixel(image, 50, 5), (std::vector<int>{10, 200, 30}));
    EXPECT_EQ(pixel(image, 50, 95), (std::vector<int>{10, 200, 30}));
  }
}

TEST(Derivative, CoverCutsTheMiddle) {
  const VImage left =
      VImage::black(100, 100).copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_B_W));
  const VImage picture = left.join(left.invert().cast(VIPS_FORMAT_UCHAR), VIPS_DIRECTION_HORIZONTAL);
  const VImage image = decoded(derive_one(encoded(picture, ".png"), recipe(50, 50, Fit::cover)));
  EXPECT_EQ(image.width(), 50);
  EXPECT_EQ(pixel(image, 10, 25), std::vector<int>{0});
  EXPECT_EQ(pixel(image, 40, 25), std::vector<int>{255});
}

TEST(Derivative, TransparencyStaysOrIsFlattened) {
  const std::string clear = encoded(packshot(200, 200, 4) * std::vector<double>{1, 1, 1, 0}, ".png");
  Recipe flat = recipe(50, 50, Fit::inside, ImageFormat::jpeg);
  flat.background = {0, 0, 255};
  const VImage flattened = decoded(derive_one(clear, flat));
  EXPECT_EQ(flattened.bands(), 3);
  EXPECT_TRUE(is_near(pixel(flattened, 25, 25), {0, 0, 255}, 3));
  for (const ImageFormat format : {ImageFormat::png, ImageFormat::webp, ImageFormat::avif}) {
    const MadeDerivative made = derive(clear, {recipe(50, 50, Fit::inside, format)})[0];
    EXPECT_TRUE(made.info.has_alpha);
    EXPECT_EQ(pixel(decoded(made.bytes), 25, 25)[3], 0) << name_of(format);
  }
}

// A hidden black behind full transparency must not darken the edge.
TEST(Derivative, HiddenColoursDoNotBleed) {
  const VImage opaque = VImage::black(100, 200).bandjoin(std::vector<double>{0, 0, 0}) +
                        std::vector<double>{255, 255, 255, 255};
  const VImage hidden = VImage::black(100, 200).bandjoin(std::vector<double>{0, 0, 0});
  const VImage picture = opaque.join(hidden, VIPS_DIRECTION_HORIZONTAL)
                             .cast(VIPS_FORMAT_UCHAR)
                             .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB));
  Recipe flat = recipe(33, 33, Fit::inside, ImageFormat::png);
  const VImage image = decoded(derive_one(encoded(picture, ".png"), flat));
  for (int x = 0; x < image.width(); ++x) {
    const std::vector<int> seen = pixel(image, x, 16);
    if (seen[3] > 8) {
      EXPECT_GE(seen[0], 240) << "at " << x;
    }
  }
}

TEST(Derivative, MarginsOfATransparentPictureAreTransparent) {
  const std::string clear = encoded(packshot(200, 100, 4), ".png");
  EXPECT_EQ(pixel(decoded(derive_one(clear, recipe(100, 100, Fit::pad))), 50, 2)[3], 0);
  EXPECT_EQ(decoded(derive_one(clear, recipe(100, 100, Fit::pad, ImageFormat::jpeg))).bands(), 3);
}

TEST(Derivative, OrientationIsObeyed) {
  VImage corner = VImage::black(160, 80);
  corner =
      corner.insert(VImage::black(80, 40).invert(), 0, 0).cast(VIPS_FORMAT_UCHAR);  // white at the top left
  corner = corner.copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_B_W));
  struct {
    int orientation, width, height, x, y;  // where the white quarter is to be seen
  } const rows[] = {{1, 80, 40, 10, 10}, {2, 80, 40, 70, 10}, {3, 80, 40, 70, 30}, {4, 80, 40, 10, 30},
                    {5, 40, 80, 10, 10}, {6, 40, 80, 30, 10}, {7, 40, 80, 30, 70}, {8, 40, 80, 10, 70}};
  for (const auto& row : rows) {
    const std::string photo = pictures::with_orientation(corner, row.orientation);
    const VImage image = decoded(derive_one(photo, recipe(80, 80)));
    EXPECT_EQ(image.width(), row.width) << row.orientation;
    EXPECT_EQ(image.height(), row.height) << row.orientation;
    for (const int x : {row.width / 8, row.width * 7 / 8})
      for (const int y : {row.height / 8, row.height * 7 / 8}) {
        const bool white = (x < row.width / 2) == (row.x < row.width / 2) &&
                           (y < row.height / 2) == (row.y < row.height / 2);
        EXPECT_NEAR(pixel(image, x, y)[0], white ? 255 : 0, 8) << row.orientation << " at " << x << ", " << y;
      }
    EXPECT_EQ(vips_image_get_orientation(image.get_image()), 1);
  }
}

TEST(Derivative, CmykBecomesSrgb) {
  const VImage picture = packshot(200, 200);
  const std::string photo = encoded(picture.colourspace(VIPS_INTERPRETATION_CMYK), ".jpg");
  const VImage image = decoded(derive_one(photo, recipe(100, 100)));
  EXPECT_EQ(image.bands(), 3);
  EXPECT_TRUE(is_near(pixel(image, 3, 3), {255, 255, 255}, 6));

  // As Adobe writes CMYK: 0 is full ink.
  const VImage ink =
      (VImage::black(100, 100, VImage::option()->set("bands", 4)) + std::vector<double>{160, 150, 150, 255})
          .cast(VIPS_FORMAT_UCHAR)
          .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_CMYK));
  const VImage black = decoded(derive_one(encoded(ink, ".jpg"), recipe(50, 50)));
  EXPECT_TRUE(is_near(pixel(black, 25, 25), {2, 2, 2}, 8));
}

TEST(Derivative, AnEmbeddedProfileIsAppliedAndDropped) {
  // The same numbers mean other colours in another space: P3 red is redder than sRGB can say.
  const VImage picture = packshot(100, 100);
  const std::string wide =
      encoded(picture.icc_transform("p3", VImage::option()->set("input_profile", "srgb")), ".png");
  ASSERT_NE(decoded(wide).get_typeof(VIPS_META_ICC_NAME), 0u);
  const VImage image = decoded(derive_one(wide, recipe(100, 100)));
  EXPECT_EQ(image.get_typeof(VIPS_META_ICC_NAME), 0u);
  EXPECT_TRUE(is_near(pixel(image, 50, 50), pixel(picture, 50, 50), 12));
}

// The names of the chunks of a WebP, in order.
std::vector<std::string> chunks_of(std::string_view webp) {
  std::vector<std::string> names;
  for (std::size_t at = 12; at + 8 <= webp.size();) {
    names.emplace_back(webp.substr(at, 4));
    std::uint32_t size = 0;
    std::memcpy(&size, webp.data() + at + 4, sizeof size);
    at += 8 + size + size % 2;
  }
  return names;
}

// Whatever a picture carried beside its pixels, in every mode that a conversion of colours may attach a profile to.
TEST(Derivative, NothingButPixelsIsWritten) {
  VImage picture = packshot(200, 200);
  picture = picture.icc_transform("p3", VImage::option()->set("input_profile", "srgb")).copy();
  std::string xmp = "<x:xmpmeta xmlns:x='adobe:ns:meta/'>kept by nobody</x:xmpmeta>";
  picture.set(VIPS_META_XMP_NAME, nullptr, xmp.data(), xmp.size());
  picture.set("exif-ifd0-ImageDescription", "kept by nobody");
  VImage cmyk = packshot(200, 200).icc_export(VImage::option()->set("output_profile", "cmyk"));
  const std::string sources[] = {encoded(picture, ".png"), encoded(picture, ".jpg"), encoded(cmyk, ".jpg"),
                                 encoded(packshot(200, 200).colourspace(VIPS_INTERPRETATION_CMYK), ".jpg")};
  for (const std::string& source : sources) {
    EXPECT_EQ(chunks_of(derive_one(source, recipe(100, 100, Fit::inside, ImageFormat::webp))),
              std::vector<std::string>{"VP8 "});
    for (const ImageFormat format :
         {ImageFormat::jpeg, ImageFormat::png, ImageFormat::webp, ImageFormat::avif}) {
      const std::string made = derive_one(source, recipe(100, 100, Fit::inside, format));
      ASSERT_FALSE(made.empty());
      for (const std::string_view word :
           {"ICC", "iCC", "prof", "acsp", "EXIF", "Exif", "eXIf", "XMP", "xmp", "nobody"})
        EXPECT_EQ(made.find(word), made.npos) << word << " in a derivative of format " << name_of(format);
    }
  }
}

TEST(Derivative, DeepPicturesBecomeEightBits) {
  const VImage deep = packshot(100, 100).cast(VIPS_FORMAT_USHORT, VImage::option()->set("shift", true));
  const std::string bytes =
      encoded(deep.copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_RGB16)), ".png");
  const VImage image = decoded(derive_one(bytes, recipe(100, 100)));
  EXPECT_EQ(image.format(), VIPS_FORMAT_UCHAR);
  EXPECT_EQ(pixel(image, 40, 40), pixel(packshot(100, 100), 40, 40));
}

TEST(Derivative, OfAnAnimationTheFirstPage) {
  const VImage image = decoded(derive_one(pictures::animated(".webp", 60, 40, 3), recipe(60, 60)));
  EXPECT_EQ(image.width(), 60);
  EXPECT_EQ(image.height(), 40);
}

// Against libvips' own thumbnail of the same bytes: the mean of local structural similarity (Wang et al.
// 2004, windows of 8 × 8), on the green band.
double similarity(const VImage& one, const VImage& other) {
  constexpr int kWindow = 8;
  constexpr double kC1 = 6.5025, kC2 = 58.5225;
  double sum = 0;
  int windows = 0;
  const VImage a = one.extract_band(1).copy_memory(), b = other.extract_band(1).copy_memory();
  const auto* pa = static_cast<const std::uint8_t*>(a.data());
  const auto* pb = static_cast<const std::uint8_t*>(b.data());
  for (int y = 0; y + kWindow <= a.height(); y += 4)
    for (int x = 0; x + kWindow <= a.width(); x += 4, ++windows) {
      double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
      for (int dy = 0; dy < kWindow; ++dy)
        for (int dx = 0; dx < kWindow; ++dx) {
          const double va = pa[(y + dy) * a.width() + x + dx], vb = pb[(y + dy) * a.width() + x + dx];
          ma += va, mb += vb, aa += va * va, bb += vb * vb, ab += va * vb;
        }
      constexpr double n = kWindow * kWindow;
      ma /= n, mb /= n;
      const double va = aa / n - ma * ma, vb = bb / n - mb * mb, cov = ab / n - ma * mb;
      sum += (2 * ma * mb + kC1) * (2 * cov + kC2) / ((ma * ma + mb * mb + kC1) * (va + vb + kC2));
    }
  return sum / windows;
}

TEST(Derivative, LooksLikeLibvipsOwnThumbnail) {
  const std::string photo =
      encoded(packshot(1500, 1500).gaussblur(1.2), ".jpg", VImage::option()->set("Q", 90));
  for (const int size : {1000, 450, 200, 90}) {
    VipsBlob* blob = vips_blob_copy(photo.data(), photo.size());
    const pictures::JpegLoader opened;
    const VImage theirs = VImage::thumbnail_buffer(blob, size).copy_memory();
    vips_area_unref(VIPS_AREA(blob));
    const VImage ours = decoded(derive_one(photo, recipe(std::uint32_t(size), std::uint32_t(size))));
    const VImage theirs_from_full_size = decoded(photo).thumbnail_image(size).copy_memory();
    const double ssim = similarity(ours, theirs), ssim_full = similarity(ours, theirs_from_full_size);
    std::printf("[ SSIM     ] %d: %.4f; theirs without shrinking while loading: %.4f\n", size, ssim,
                ssim_full);
    EXPECT_GE(std::max(ssim, ssim_full), 0.99) << size;
  }
}

}  // namespace
}  // namespace medimirror
