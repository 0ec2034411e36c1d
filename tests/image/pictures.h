// Role: pictures made at run time by libvips, good and broken, for the tests of this room.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>
#include <vips/vips8>

#include "image/vips_runtime.h"

namespace medimirror::pictures {

using vips::VImage;

// Something like a packshot: shapes with edges on white, plus texture, deterministic.
inline VImage packshot(int width, int height, int bands = 3) {
  start_vips();
  std::vector<std::uint8_t> data(std::size_t(width) * std::size_t(height) * std::size_t(bands));
  std::uint32_t noise = 12345;
  std::size_t at = 0;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int band = 0; band < bands; ++band) {
        const bool inside = x > width / 5 && x < width * 4 / 5 && y > height / 8 && y < height * 7 / 8;
        const bool stripe = ((x + 2 * y) / (width / 20 + 1)) % 3 == 0;
        noise = noise * 1664525 + 1013904223;
        int value = inside ? 40 + 50 * band + (stripe ? 90 : 0) + x * 40 / width + int(noise >> 28) : 255;
        if (band == 3) value = inside ? 255 : (x * 255 / width);
        data[at++] = std::uint8_t(value > 255 ? 255 : value);
      }
  VImage image(
      vips_image_new_from_memory_copy(data.data(), data.size(), width, height, bands, VIPS_FORMAT_UCHAR));
  return image.copy(VImage::option()->set("interpretation",
                                          bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB));
}

inline std::string encoded(const VImage& image, const char* suffix, vips::VOption* options = nullptr) {
  void* data = nullptr;
  std::size_t size = 0;
  image.write_to_buffer(suffix, &data, &size, options);
  std::string bytes(static_cast<const char*>(data), size);
  g_free(data);
  return bytes;
}

// libvips' JPEG loader, which is closed to the program: that has a decoder of its own.
struct JpegLoader {
  JpegLoader() { vips_operation_block_set("VipsForeignLoadJpeg", FALSE); }
  ~JpegLoader() { vips_operation_block_set("VipsForeignLoadJpeg", TRUE); }
};

inline VImage decoded(std::string_view bytes) {
  start_vips();
  vips_operation_block_set("VipsForeignLoadJpeg",
                           FALSE);  // closed to the program, which has a decoder of its own
  const char* loader = bytes.starts_with("\xFF\xD8")  ? "jpegload_buffer"
                       : bytes.starts_with("\x89PNG") ? "pngload_buffer"
                       : bytes.starts_with("RIFF")    ? "webpload_buffer"
                       : bytes.starts_with("GIF")     ? "gifload_buffer"
                                                      : "heifload_buffer";
  VipsBlob* blob = vips_blob_copy(bytes.data(), bytes.size());
  VImage out;
  VImage::call(loader, VImage::option()->set("buffer", blob)->set("out", &out));
  vips_area_unref(VIPS_AREA(blob));
  return out.copy_memory();
}

// Of a GIF, below each other.
inline VImage all_frames(std::string_view bytes) {
  VipsBlob* blob = vips_blob_copy(bytes.data(), bytes.size());
  const VImage frames = VImage::gifload_buffer(blob, VImage::option()->set("n", -1));
  vips_area_unref(VIPS_AREA(blob));
  return frames;
}

// Pages that differ from their neighbours, as GIF or animated WebP.
inline std::string animated(const char* suffix, int width, int height, int pages) {
  VImage frames = packshot(width, height);
  for (int page = 1; page < pages; ++page)
    frames = frames.join(packshot(width, height).rot(page % 2 ? VIPS_ANGLE_D180 : VIPS_ANGLE_D0),
                         VIPS_DIRECTION_VERTICAL);
  frames = frames.copy();
  frames.set("page-height", height);
  return encoded(frames, suffix);
}

inline std::string with_orientation(const VImage& image, int orientation, const char* suffix = ".jpg") {
  VImage turned = image.copy();
  turned.set(VIPS_META_ORIENTATION, orientation);
  return encoded(turned, suffix);
}

}  // namespace medimirror::pictures
