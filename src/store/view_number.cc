#include "store/view_number.h"

#include "store/record.h"
#include "store/record_bytes.h"

namespace medimirror {

namespace {

constexpr char kVersion = 1;
constexpr std::size_t kBodyBytes = 1 + 4 + 8, kCheckBytes = 4, kMediaBytes = 8;

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
  append_fixed(bytes, number.number);
  append_fixed(bytes, number.gone_at);
  append_fixed(bytes, short_check_of(bytes));
  return bytes;
}

std::optional<ViewNumber> decode_view_number(std::string_view bytes) {
  if (bytes.size() != kBodyBytes + kCheckBytes || bytes.front() != kVersion) return std::nullopt;
  const std::string_view body = bytes.substr(0, kBodyBytes);
  if (load_fixed<std::uint32_t>(body.data() + kBodyBytes) != short_check_of(body)) return std::nullopt;
  return ViewNumber{load_fixed<std::uint32_t>(body.data() + 1), load_fixed<UnixSeconds>(body.data() + 5)};
}

}  // namespace medimirror
