#include "http/gzip.h"

#include <zlib.h>

#include <array>
#include <new>
#include <utility>

namespace medimirror {

namespace {

constexpr std::string_view kMagic = "\x1f\x8b\x08";
constexpr int kGzipOnly = 16 + MAX_WBITS;
constexpr std::size_t kStep = 64 * 1024;

}  // namespace

bool looks_gzipped(std::string_view bytes) {
  return bytes.starts_with(kMagic);
}

struct StreamUnpacker::State {
  z_stream zlib{};
  bool member_ended = false;
  State() {
    if (inflateInit2(&zlib, kGzipOnly) != Z_OK) throw std::bad_alloc();
  }
  ~State() { inflateEnd(&zlib); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

StreamUnpacker::StreamUnpacker() = default;
StreamUnpacker::~StreamUnpacker() = default;

bool StreamUnpacker::feed(std::string_view bytes, const Sink& sink) {
  if (kind_ == Kind::plain) return sink(bytes);
  if (kind_ == Kind::gzip) return unpack(bytes, sink);
  start_ += bytes;
  if (start_.size() < kMagic.size() && kMagic.starts_with(start_)) return true;
  kind_ = looks_gzipped(start_) ? Kind::gzip : Kind::plain;
  const std::string start = std::exchange(start_, {});
  return feed(start, sink);
}

bool StreamUnpacker::unpack(std::string_view bytes, const Sink& sink) {
  if (!state_) state_ = std::make_unique<State>();
  z_stream& zlib = state_->zlib;
  std::array<char, kStep> piece;
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  zlib.avail_in = static_cast<uInt>(bytes.size());
  for (;;) {
    if (state_->member_ended && zlib.avail_in == 0) return true;
    if (std::exchange(state_->member_ended, false)) inflateReset(&zlib);
    zlib.next_out = reinterpret_cast<Bytef*>(piece.data());
    zlib.avail_out = static_cast<uInt>(piece.size());
    const int status = inflate(&zlib, Z_NO_FLUSH);
    const std::size_t size = piece.size() - zlib.avail_out;
    if (size > 0 && !sink({piece.data(), size})) return false;
    state_->member_ended = status == Z_STREAM_END;
    damaged_ = status != Z_OK && status != Z_BUF_ERROR && status != Z_STREAM_END;
    if (damaged_) return false;
    if (!state_->member_ended && zlib.avail_in == 0 && zlib.avail_out > 0) return true;
  }
}

bool StreamUnpacker::whole() const {
  return state_ && state_->member_ended && !damaged_;
}

bool unpack_gzip(const Body& packed, std::uint64_t bytes_max, Body& unpacked) {
  if (!looks_gzipped(packed.head())) return false;
  StreamUnpacker unpacker;
  bool fits = true;
  const auto take = [&](std::string_view bytes) {
    fits = unpacked.size() + bytes.size() <= bytes_max;
    if (fits) unpacked.append(bytes);
    return fits;
  };
  packed.each_piece([&](std::string_view piece) { return unpacker.feed(piece, take); });
  return fits && unpacker.whole();
}

}  // namespace medimirror
