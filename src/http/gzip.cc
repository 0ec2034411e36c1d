#include "http/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>

namespace medimirror {

namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;
constexpr std::size_t kStep = 64 * 1024;

}  // namespace

bool looks_gzipped(std::string_view bytes) {
  return bytes.starts_with("\x1f\x8b\x08");
}

std::optional<std::string> unpack_gzip(std::string_view bytes, std::size_t bytes_max) {
  if (!looks_gzipped(bytes) || bytes.size() > std::numeric_limits<uInt>::max()) return std::nullopt;
  z_stream stream{};
  if (inflateInit2(&stream, kGzipOnly) != Z_OK) return std::nullopt;
  const std::unique_ptr<z_stream, int (*)(z_streamp)> end(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string unpacked;
  for (;;) {
    const std::size_t before = unpacked.size();
    const std::size_t room = std::min(kStep, bytes_max + 1 - before);  // one more, to notice what is too long
    unpacked.resize(before + room);
    stream.next_out = reinterpret_cast<Bytef*>(unpacked.data() + before);
    stream.avail_out = static_cast<uInt>(room);
    const int status = inflate(&stream, Z_NO_FLUSH);
    unpacked.resize(before + room - stream.avail_out);
    if (unpacked.size() > bytes_max) return std::nullopt;
    if (status == Z_STREAM_END) {
      if (stream.avail_in == 0) return unpacked;
      if (inflateReset(&stream) != Z_OK) return std::nullopt;  // the next member
    } else if (status != Z_OK) {
      return std::nullopt;  // damaged, or it ends early
    }
  }
}

}  // namespace medimirror
