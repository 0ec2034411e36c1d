// Codings of bodies: what is undone, what the bytes decide, and what is said of those that nobody knows.
#include <fmt/format.h>
#include <zlib.h>

#include <string>
#include <tuple>

#include "base/sha256.h"
#include "http/curl_transport_fixture.h"

namespace medimirror {
namespace {

std::string gzipped(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

TEST_F(CurlTransportTest, DecodesOnlyWhatWasAskedForAndSaysWhatCameOverTheWire) {
  // "compressed text" through gzip
  const std::string gzip(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\xce\xcf\x2d\x28\x4a\x2d\x2e\x4e\x4d\x51\x28\x49\xad\x28"
      "\x01\x00"
      "\xc2\x18\xd8\xd8\x0f\x00\x00\x00",
      35);
  server_.on("/z", answer(200, gzip, {"Content-Encoding: gzip"}));
  Request request = get(server_.url("/z"));
  request.accept_compression = true;
  const auto result = run(std::move(request));
  EXPECT_THAT(server_.requests()[0].header("accept-encoding").value_or(""), HasSubstr("gzip"));
  ASSERT_TRUE(std::holds_alternative<Response>(result)) << std::get<TransferFailure>(result).detail;
  EXPECT_EQ(std::get<Response>(result).body.view(), "compressed text");
  EXPECT_EQ(std::get<Response>(result).bytes_received, gzip.size());
}

TEST_F(CurlTransportTest, SaysOfACodingThatItCannotUndoThatItIsOne) {
  const std::string gzip(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\xce\xcf\x2d\x28\x4a\x2d\x2e\x4e\x4d\x51\x28\x49\xad\x28"
      "\x01\x00"
      "\xc2\x18\xd8\xd8\x0f\x00\x00\x00",
      35);
  const std::string first = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 70\r\n\r\n" + gzip;
  server_.on("/members", answer(200, gzip + gzip, {"Content-Encoding: gzip"}));
  server_.on("/members-apart", {send(first), send(gzip, Millis(30))});
  server_.on("/unknown", answer(200, "plain", {"Content-Encoding: UTF-8"}));
  server_.on("/none", answer(200, "plain", {"Content-Encoding: gzip"}));
  for (const char* path : {"/members", "/members-apart", "/unknown", "/none"})
    for (const bool in_pieces : {true, false}) {
      Request request = get(server_.url(path));
      request.accept_compression = true;
      if (in_pieces) request.on_body = [](std::string_view) { return true; };
      EXPECT_EQ(name_of(fail(std::move(request)).error), "encoding") << path;
    }
}

TEST_F(CurlTransportTest, OfAPictureTheBytesDecideWhateverItsCodingIsCalled) {
  const std::string gzip = gzipped("a picture"), two = gzipped("a pic") + gzipped("ture");
  const std::string cut = gzip.substr(0, gzip.size() - 3);
  const std::tuple<std::string, const char*, std::string> rows[] = {
      {"a picture", "UTF-8", "a picture"},
      {"a picture", "none", "a picture"},
      {"a picture", "aws-chunked", "a picture"},
      {"a picture", "gzip", "a picture"},
      {"a picture", "br, gzip", "a picture"},
      {gzip, "gzip", "a picture"},
      {two, "gzip", "a picture"},
      {gzip, "identity", "a picture"},
      {cut, "gzip", cut},
  };
  int number = 0;
  for (const auto& [sent, label, body] : rows) {
    const std::string path = fmt::format("/{}", ++number);
    server_.on(path, answer(200, sent, {std::string("Content-Encoding: ") + label}));
    Request request = get(server_.url(path));
    request.label_is_no_coding = request.hash_body = true;
    const Response response = respond(std::move(request));
    EXPECT_EQ(response.body.view(), body) << label;
    EXPECT_EQ(response.sha256, sha256(body)) << label;
    EXPECT_EQ(response.bytes_received, sent.size()) << label;
    EXPECT_EQ(server_.requests().back().header("accept-encoding"), "identity");
  }
}

TEST_F(CurlTransportTest, UnpacksNothingBeyondTheLimit) {
  const std::string bomb = gzipped(std::string(1 << 20, 'x'));
  server_.on("/bomb", answer(200, bomb));
  Request request = get(server_.url("/bomb"));
  request.label_is_no_coding = true;
  request.body_bytes_max = 1 << 16;
  EXPECT_EQ(respond(std::move(request)).body.view(), bomb) << "passed on as it is, to be refused by name";
}

}  // namespace
}  // namespace medimirror
