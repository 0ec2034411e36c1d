#include "image/webp_encoder.h"

#include <fmt/format.h>
#include <webp/encode.h>

#include <new>
#include <stdexcept>

namespace medimirror {

namespace {

constexpr int kMethod = 4;  // libwebp's own choice between speed and size

struct Picture {
  WebPPicture webp;
  WebPMemoryWriter writer;

  Picture() {
    if (!WebPPictureInit(&webp)) throw std::runtime_error("libwebp is of another version than its header");
    WebPMemoryWriterInit(&writer);
    webp.writer = WebPMemoryWrite;
    webp.custom_ptr = &writer;
  }
  ~Picture() {
    WebPPictureFree(&webp);
    WebPMemoryWriterClear(&writer);
  }
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;
};

[[noreturn]] void fail(WebPEncodingError error) {
  if (error == VP8_ENC_ERROR_OUT_OF_MEMORY || error == VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY)
    throw std::bad_alloc();
  if (error == VP8_ENC_ERROR_BAD_DIMENSION)
    throw std::runtime_error(fmt::format("a WebP has sides of at most {} pixels", WEBP_MAX_DIMENSION));
  throw std::runtime_error(fmt::format("libwebp gives up with error {}", static_cast<int>(error)));
}

// WebP has no grey.
Pixels in_colour(const Pixels& grey) {
  Pixels colour{grey.width, grey.height, grey.bands + 2, {}};
  colour.data.resize(colour.row_bytes() * colour.height);
  std::uint8_t* out = colour.data.data();
  for (std::size_t i = 0; i < grey.data.size(); i += grey.bands) {
    for (int band = 0; band < 3; ++band) *out++ = grey.data[i];
    if (grey.bands == 2) *out++ = grey.data[i + 1];
  }
  return colour;
}

}  // namespace

std::string encode_webp(const Pixels& pixels, int quality) {
  if (pixels.bands < 3) return encode_webp(in_colour(pixels), quality);
  WebPConfig config;
  if (!WebPConfigPreset(&config, WEBP_PRESET_DEFAULT, static_cast<float>(quality)))
    throw std::runtime_error("libwebp is of another version than its header");
  config.method = kMethod;
  Picture picture;
  picture.webp.width = static_cast<int>(pixels.width);
  picture.webp.height = static_cast<int>(pixels.height);
  const int stride = static_cast<int>(pixels.row_bytes());
  const int imported = pixels.bands == 4 ? WebPPictureImportRGBA(&picture.webp, pixels.data.data(), stride)
                                         : WebPPictureImportRGB(&picture.webp, pixels.data.data(), stride);
  if (!imported || !WebPEncode(&config, &picture.webp)) fail(picture.webp.error_code);
  return {reinterpret_cast<const char*>(picture.writer.mem), picture.writer.size};
}

}  // namespace medimirror
