#include "image/jpeg_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>
// jpeglib.h wants what cstdio and cstddef declare, and jerror.h what jpeglib.h defines: without it, its codes are others
#include <jpeglib.h>
// (so not sorted)
#include <jerror.h>

#include "image/container.h"
#include "image/exif.h"

namespace medimirror {

namespace {

constexpr unsigned kHalvingsMax = 3;   // by the decoder: 1, 1/2, 1/4, 1/8
constexpr JDIMENSION kStripRows = 16;  // what one call hands over: 16 rows of blocks' worth
constexpr int kStrayBytesMax = 2;      // that encoders and editors were seen to leave before the end marker
constexpr std::string_view kExifMark("Exif\0\0", 6);

// What libjpeg finds wrong. It reports an error by a jump over its own frames, which hold nothing that wants destroying; ours
// between setjmp and the call hold nothing either.
struct Complaint {
  int code = 0;  // JWRN_… or JERR_…; 0: none
  char text[JMSG_LENGTH_MAX] = {};
};

struct Complaints {
  jpeg_error_mgr manager;  // first: libjpeg hands back its address
  std::jmp_buf escape;
  bool in_scan = false;  // else between the segments of the header
  Complaint damage;      // the first warning that touches pixels
  Complaint oddity;      // the first that does not
  Complaint error;       // what ended it
};

Complaints& complaints_of(j_common_ptr jpeg) {
  return *reinterpret_cast<Complaints*>(jpeg->err);
}

void note_first(Complaint& complaint, j_common_ptr jpeg) {
  if (complaint.code != 0) return;
  complaint.code = jpeg->err->msg_code;
  jpeg->err->format_message(jpeg, complaint.text);
}

bool is_restart_marker(int marker) {
  return marker >= 0xD0 && marker <= 0xD7;
}

// Whether a warning is about pixels. One that is not known is taken for damage.
bool touches_pixels(int code, const int* parameters, bool in_scan) {
  switch (code) {
    case JWRN_EXTRANEOUS_DATA:
      return in_scan && (parameters[0] > kStrayBytesMax || is_restart_marker(parameters[1]));
    case JWRN_NOT_SEQUENTIAL:
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR:
    case JWRN_BOGUS_ICC:
      return false;
    default:
      return true;
  }
}

void on_message(j_common_ptr jpeg, int level) {
  if (level >= 0) return;  // a trace
  Complaints& complaints = complaints_of(jpeg);
  const bool damage =
      touches_pixels(complaints.manager.msg_code, complaints.manager.msg_parm.i, complaints.in_scan);
  note_first(damage ? complaints.damage : complaints.oddity, jpeg);
}

[[noreturn]] void on_error(j_common_ptr jpeg) {
  Complaints& complaints = complaints_of(jpeg);
  note_first(complaints.error, jpeg);
  std::longjmp(complaints.escape, 1);
}

RejectionReason reason_of(int error) {
  switch (error) {
    case JWRN_JPEG_EOF:
    case JERR_INPUT_EMPTY:
    case JERR_INPUT_EOF:
      return RejectionReason::truncated;
    case JERR_ARITH_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_SOF_UNSUPPORTED:
      return RejectionReason::unsupported;
    default:
      return RejectionReason::damaged;
  }
}

// The calls of libjpeg, each false when it ended with an error.
class Reader {
 public:
  explicit Reader(std::string_view bytes) {
    jpeg_.err = jpeg_std_error(&complaints_.manager);
    complaints_.manager.error_exit = on_error;
    complaints_.manager.emit_message = on_message;
    opened_ = guarded([&] {
      jpeg_create_decompress(&jpeg_);
      jpeg_save_markers(&jpeg_, JPEG_APP0 + 1, 0xFFFF);  // EXIF
      jpeg_save_markers(&jpeg_, JPEG_APP0 + 2, 0xFFFF);  // ICC
      jpeg_mem_src(&jpeg_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    });
  }
  ~Reader() { jpeg_destroy_decompress(&jpeg_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  bool read_header() {
    return opened_ && guarded([&] { jpeg_read_header(&jpeg_, TRUE); });
  }

  bool start(unsigned halvings) {
    complaints_.in_scan = true;
    return guarded([&] {
      jpeg_.scale_num = 1;
      jpeg_.scale_denom = 1u << halvings;
      jpeg_start_decompress(&jpeg_);
    });
  }

  // Some more rows, at most kStripRows.
  bool read_rows(JSAMPROW* rows, JDIMENSION& count) {
    return guarded([&] { count = jpeg_read_scanlines(&jpeg_, rows, kStripRows); });
  }

  // Reads what is left up to the end marker, and says what does not belong there.
  bool finish() {
    return guarded([&] { jpeg_finish_decompress(&jpeg_); });
  }

  int orientation() const {
    for (const jpeg_marker_struct* marker = jpeg_.marker_list; marker != nullptr; marker = marker->next) {
      const std::string_view content(reinterpret_cast<const char*>(marker->data), marker->data_length);
      if (marker->marker == JPEG_APP0 + 1 && content.starts_with(kExifMark))
        return exif_orientation(content.substr(kExifMark.size()));
    }
    return 1;
  }

  std::string icc_profile() {
    JOCTET* data = nullptr;
    unsigned length = 0;
    if (!guarded([&] { jpeg_read_icc_profile(&jpeg_, &data, &length); }) || data == nullptr) return {};
    std::string profile(reinterpret_cast<const char*>(data), length);
    std::free(data);
    return profile;
  }

  const jpeg_decompress_struct& jpeg() const { return jpeg_; }
  // What is wrong, or nothing. What ended it may be what came of a damage before.
  std::optional<Rejection> refusal() const {
    if (complaints_.error.code == JERR_OUT_OF_MEMORY) throw std::bad_alloc();
    const Complaint& complaint = complaints_.damage.code != 0 ? complaints_.damage : complaints_.error;
    if (complaint.code == 0) return std::nullopt;
    const RejectionReason reason = reason_of(complaint.code);
    const bool unknown = reason == RejectionReason::unsupported;
    return Rejection{
        reason, fmt::format("the decoder {}: {}",
                            unknown ? "does not know this kind of JPEG" : "found damage", complaint.text)};
  }
  std::string_view oddity() const { return complaints_.oddity.text; }

 private:
  template <typename Calls>
  bool guarded(Calls calls) {
    if (setjmp(complaints_.escape) != 0) return false;
    calls();
    return true;
  }

  jpeg_decompress_struct jpeg_{};
  Complaints complaints_;
  bool opened_ = false;
};

// 255 is no ink in what libjpeg hands over of every CMYK JPEG, and 0 in the rest of this room.
void invert(std::uint8_t* samples, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) samples[i] = static_cast<std::uint8_t>(255 - samples[i]);
}

bool decode_rows(Reader& reader, DecodedPicture& picture) {
  const std::size_t row_bytes =
      std::size_t{reader.jpeg().output_width} * static_cast<std::size_t>(reader.jpeg().output_components);
  Samples strip(row_bytes * kStripRows);
  std::array<JSAMPROW, kStripRows> rows;
  while (reader.jpeg().output_scanline < reader.jpeg().output_height) {
    for (JDIMENSION i = 0; i < kStripRows; ++i) {
      std::uint8_t* place = picture.pyramid.place_of_row(i);
      rows[i] = place != nullptr ? place : strip.data() + i * row_bytes;
    }
    JDIMENSION count = 0;
    if (!reader.read_rows(rows.data(), count)) return false;
    for (JDIMENSION i = 0; i < count; ++i) {
      if (picture.is_cmyk) invert(rows[i], row_bytes);
      picture.pyramid.add_row(rows[i]);
    }
  }
  return true;
}

}  // namespace

std::variant<DecodedPicture, Rejection> decode_jpeg(std::string_view bytes, std::span<const Recipe> recipes,
                                                    ImageInfo& info) {
  Reader reader(bytes);
  if (!reader.read_header()) return *reader.refusal();
  const jpeg_decompress_struct& jpeg = reader.jpeg();
  if (jpeg.image_width != info.width || jpeg.image_height != info.height)
    return Rejection{RejectionReason::damaged,
                     fmt::format("the header says {} × {} pixels, the decoder {} × {}", info.width,
                                 info.height, jpeg.image_width, jpeg.image_height)};
  DecodedPicture picture;
  picture.width = info.width;
  picture.height = info.height;
  picture.is_cmyk = jpeg.out_color_space == JCS_CMYK;
  picture.is_grey = jpeg.out_color_space == JCS_GRAYSCALE;
  picture.orientation = reader.orientation();
  picture.icc_profile = reader.icc_profile();

  const std::set<unsigned> levels = levels_used(picture, recipes);
  const unsigned halvings = std::min(*levels.begin(), kHalvingsMax);
  if (!reader.start(halvings)) return *reader.refusal();
  picture.pyramid = Pyramid(
      {info.width, info.height, static_cast<std::uint32_t>(jpeg.output_components), false}, levels, halvings);
  if (decode_rows(reader, picture)) reader.finish();
  if (std::optional<Rejection> refused = reader.refusal()) return *std::move(refused);
  if (!reader.oddity().empty()) add_irregularity(info, reader.oddity());
  return picture;
}

}  // namespace medimirror
