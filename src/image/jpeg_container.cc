// ITU-T T.81 (JPEG), Annex B: markers, segments, entropy-coded data with stuffed zeros.
#include <fmt/format.h>

#include <cstring>

#include "image/byte_reader.h"
#include "image/container.h"

namespace medimirror {

namespace {

// Of bytes that belong to no segment a byte or two are seen behind scans; more of them there is data that lost its marker.
// Between the segments of the header any number does no harm: editors leave them, and decoders step over them.
constexpr std::size_t kStrayBytesMax = 2;

Rejection truncated() {
  return {RejectionReason::truncated, "the JPEG ends before its end marker"};
}
Rejection damaged(std::string detail) {
  return {RejectionReason::damaged, std::move(detail)};
}

class JpegWalk {
 public:
  explicit JpegWalk(std::string_view bytes) : bytes_(bytes) {}

  HeaderResult run() {
    info_.format = ImageFormat::jpeg;
    at_ = 2;  // the start marker, which brought us here
    for (;;) {
      const std::size_t stray = find_marker();
      if (at_ >= bytes_.size()) return truncated();
      if (stray > kStrayBytesMax && scans_ > 0)
        return damaged(fmt::format("{} bytes of the JPEG belong to no segment", stray));
      stray_ += stray;
      const auto marker = static_cast<unsigned char>(bytes_[at_++]);
      if (marker == 0xD9) break;
      if (marker == 0xD8) return damaged("a second JPEG starts inside the first");
      if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD7)) continue;  // these have no segment
      if (std::optional<Rejection> refused = segment(marker)) return *std::move(refused);
    }
    if (scans_ == 0) return damaged("the JPEG has no picture data");
    if (stray_ > 0) add_irregularity(info_, fmt::format("{} stray bytes between segments", stray_));
    note_trailing_bytes(info_, bytes_.size() - at_);
    return info_;
  }

 private:
  // Moves to the byte after the next 0xFF (and its repetitions); says how many bytes were stepped over.
  std::size_t find_marker() {
    const std::size_t from = at_;
    while (at_ < bytes_.size() && bytes_[at_] != '\xFF') ++at_;
    const std::size_t stray = at_ - from;
    while (at_ < bytes_.size() && bytes_[at_] == '\xFF') ++at_;
    return stray;
  }

  std::optional<Rejection> segment(unsigned char marker) {
    ByteReader reader(bytes_, at_);
    const std::size_t length = reader.be16();
    if (reader.failed()) return truncated();
    if (length < 2)
      return damaged(fmt::format("segment 0x{:02X} of the JPEG has an impossible length", marker));
    if (bytes_.size() - at_ < length) return truncated();
    const std::string_view content = bytes_.substr(at_ + 2, length - 2);
    at_ += length;
    const bool is_frame =
        marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (is_frame) return frame(marker, content);
    if (marker == 0xDA) return scan();
    return std::nullopt;
  }

  std::optional<Rejection> frame(unsigned char marker, std::string_view content) {
    if (info_.width != 0) return damaged("the JPEG has two frames");
    const bool known = marker <= 0xC2 || marker == 0xC9 || marker == 0xCA;  // sequential or progressive
    if (!known) return Rejection{RejectionReason::unsupported, "the JPEG is lossless or hierarchical"};
    ByteReader reader(content);
    const unsigned precision = reader.u8();
    info_.height = reader.be16();
    info_.width = reader.be16();
    const unsigned components = reader.u8();
    reader.skip(std::uint64_t{components} * 3);
    if (reader.failed()) return damaged("the frame header of the JPEG is too short");
    if (info_.width == 0 || info_.height == 0) return damaged("the JPEG is zero pixels wide or high");
    if (precision != 8)
      return Rejection{RejectionReason::unsupported, fmt::format("the JPEG has {} bits a sample", precision)};
    if (components != 1 && components != 3 && components != 4)
      return Rejection{RejectionReason::unsupported,
                       fmt::format("the JPEG has {} colour components", components)};
    if (components == 4) add_note(info_, "CMYK colours");
    return std::nullopt;
  }

  // Entropy-coded data runs until a 0xFF that is neither stuffed (00) nor a restart marker.
  std::optional<Rejection> scan() {
    if (info_.width == 0) return damaged("the JPEG has picture data before its frame header");
    ++scans_;
    while (at_ < bytes_.size()) {
      const void* found = std::memchr(bytes_.data() + at_, 0xFF, bytes_.size() - at_);
      if (!found) break;
      at_ = static_cast<std::size_t>(static_cast<const char*>(found) - bytes_.data());
      if (at_ + 1 >= bytes_.size()) break;
      const auto next = static_cast<unsigned char>(bytes_[at_ + 1]);
      if (next == 0xFF) {
        ++at_;
      } else if (next == 0 || (next >= 0xD0 && next <= 0xD7)) {
        at_ += 2;
      } else {
        return std::nullopt;
      }
    }
    return truncated();
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  std::uint32_t scans_ = 0;
  std::size_t stray_ = 0;
  ImageInfo info_;
};

}  // namespace

HeaderResult walk_jpeg(std::string_view bytes) {
  return JpegWalk(bytes).run();
}

}  // namespace medimirror
