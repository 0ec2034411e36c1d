#include "sandbox/compress.h"

#include <zlib.h>

#include <memory>
#include <stdexcept>

namespace medimirror::sandbox {
namespace {

class Gzip {
 public:
  Gzip() {
    constexpr int kGzipWindow = 15 + 16;
    if (deflateInit2(&stream_, 3, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::runtime_error("zlib cannot start");
  }
  ~Gzip() { deflateEnd(&stream_); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  void add(std::string_view bytes, int flush, std::string& out) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    char buffer[16384];
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer);
      stream_.avail_out = sizeof buffer;
      deflate(&stream_, flush);
      out.append(buffer, sizeof buffer - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

 private:
  z_stream stream_{};
};

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  const std::size_t at = accept_encoding.find("gzip");
  if (at == std::string_view::npos) return false;
  const std::string_view weight = accept_encoding.substr(at + 4, accept_encoding.find(',', at) - at - 4);
  return weight.find("q=0") == std::string_view::npos || weight.find("q=0.") != std::string_view::npos;
}

void compress(Reply& reply) {
  reply.headers.emplace_back("Content-Encoding", "gzip");
  reply.headers.emplace_back("Vary", "Accept-Encoding");
  // Shared because std::function copies; one thread uses it.
  auto gzip = std::make_shared<Gzip>();
  if (!reply.producer) {
    std::string packed;
    gzip->add(reply.body, Z_FINISH, packed);
    reply.body = std::move(packed);
    return;
  }
  reply.producer = [gzip, inner = std::move(reply.producer),
                    plain = std::string()](std::string& out) mutable {
    plain.clear();
    const More more = inner(plain);
    gzip->add(plain, more == More::no ? Z_FINISH : more == More::cut ? Z_SYNC_FLUSH : Z_NO_FLUSH, out);
    return more;
  };
}

}  // namespace medimirror::sandbox
