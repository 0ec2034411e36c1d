#include "image/jpeg_encoder.h"

#include <fmt/format.h>

#include <cassert>
#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>
// jpeglib.h wants what cstdio and cstddef declare, and jerror.h what jpeglib.h defines
#include <jpeglib.h>
// (so not sorted)
#include <jerror.h>

namespace medimirror {

namespace {

constexpr int kFullColourFrom = 90;  // quality

// libjpeg reports an error by a jump over its own frames, which hold nothing that wants destroying; ours between setjmp and
// the call hold nothing either.
struct Errors {
  jpeg_error_mgr manager;  // first: libjpeg hands back its address
  std::jmp_buf escape;
  int code = 0;
  char text[JMSG_LENGTH_MAX] = {};
};

[[noreturn]] void on_error(j_common_ptr jpeg) {
  auto& errors = *reinterpret_cast<Errors*>(jpeg->err);
  errors.code = errors.manager.msg_code;
  errors.manager.format_message(jpeg, errors.text);
  std::longjmp(errors.escape, 1);
}

void on_message(j_common_ptr, int) {}

class Writer {
 public:
  Writer() {
    jpeg_.err = jpeg_std_error(&errors_.manager);
    errors_.manager.error_exit = on_error;
    errors_.manager.emit_message = on_message;
  }
  ~Writer() {
    jpeg_destroy_compress(&jpeg_);
    std::free(bytes_);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // False: code() and text() say why.
  bool write(const Pixels& pixels, int quality) {
    if (setjmp(errors_.escape) != 0) return false;
    jpeg_create_compress(&jpeg_);
    jpeg_mem_dest(&jpeg_, &bytes_, &size_);
    jpeg_.image_width = pixels.width;
    jpeg_.image_height = pixels.height;
    jpeg_.input_components = static_cast<int>(pixels.bands);
    jpeg_.in_color_space = pixels.bands == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&jpeg_);
    jpeg_set_quality(&jpeg_, quality, TRUE);
    if (quality >= kFullColourFrom) jpeg_.comp_info[0].h_samp_factor = jpeg_.comp_info[0].v_samp_factor = 1;
    jpeg_start_compress(&jpeg_, TRUE);
    while (jpeg_.next_scanline < jpeg_.image_height) {
      auto* row = const_cast<JSAMPROW>(pixels.row(jpeg_.next_scanline));
      jpeg_write_scanlines(&jpeg_, &row, 1);
    }
    jpeg_finish_compress(&jpeg_);
    return true;
  }

  std::string bytes() const { return {reinterpret_cast<const char*>(bytes_), size_}; }
  int code() const { return errors_.code; }
  const char* text() const { return errors_.text; }

 private:
  jpeg_compress_struct jpeg_{};
  Errors errors_;
  unsigned char* bytes_ = nullptr;
  unsigned long size_ = 0;
};

}  // namespace

std::string encode_jpeg(const Pixels& pixels, int quality) {
  assert(pixels.bands == 1 || pixels.bands == 3);
  Writer writer;
  if (writer.write(pixels, quality)) return writer.bytes();
  if (writer.code() == JERR_OUT_OF_MEMORY) throw std::bad_alloc();
  throw std::runtime_error(fmt::format("libjpeg gives up: {}", writer.text()));
}

}  // namespace medimirror
