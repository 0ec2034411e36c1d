#include "store/view_number.h"

#include <xxhash.h>

#include "store/record.h"

namespace medimirror {

namespace {

constexpr char kVersion = 1;
constexpr std::size_t kBodyBytes = 1 + 4 + 8, kCheckBytes = 4, kMediaBytes = 8;

void append_number(std::string& bytes, std::uint64_t value, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
}

std::uint64_t read_number(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::uint64_t check_of(std::string_view body) {
  return XXH3_64bits(body.data(), body.size()) & 0xffffffff;
}

}  // namespace

std::string view_number_prefix(std::string_view view, std::string_view product) {
  std::string prefix(view);
  prefix += '\0';
  prefix += product;
  prefix += '\0';
  return prefix;
}

std::string encode_key(const ViewNumberKey& key) {
  return view_number_prefix(key.view, key.product) + encode_key(key.media);
}

std::optional<ViewNumberKey> decode_view_number_key(std::string_view bytes) {
  const auto end_of_view = bytes.find('\0');
  if (end_of_view == bytes.npos || bytes.size() < end_of_view + 2 + kMediaBytes) return std::nullopt;
  const auto end_of_product = bytes.size() - kMediaBytes - 1;
  if (bytes[end_of_product] != '\0') return std::nullopt;
  const std::optional<MediaId> media = decode_media_key(bytes.substr(end_of_product + 1));
  if (!media) return std::nullopt;
  return ViewNumberKey{std::string(bytes.substr(0, end_of_view)),
                       std::string(bytes.substr(end_of_view + 1, end_of_product - end_of_view - 1)), *media};
}

std::string encode(const ViewNumber& number) {
  std::string bytes(1, kVersion);
  append_number(bytes, number.number, 4);
  append_number(bytes, static_cast<std::uint64_t>(number.gone_at), 8);
  append_number(bytes, check_of(bytes), kCheckBytes);
  return bytes;
}

std::optional<ViewNumber> decode_view_number(std::string_view bytes) {
  if (bytes.size() != kBodyBytes + kCheckBytes || bytes.front() != kVersion) return std::nullopt;
  const std::string_view body = bytes.substr(0, kBodyBytes);
  if (read_number(bytes.substr(kBodyBytes)) != check_of(body)) return std::nullopt;
  return ViewNumber{static_cast<std::uint32_t>(read_number(body.substr(1, 4))),
                    static_cast<UnixSeconds>(read_number(body.substr(5)))};
}

}  // namespace medimirror
