// Whatever lies in a record, decoding it ends, stays in bounds, and what it accepts survives a round trip.
// The first byte chooses the record. The input is tried as it is, and again with the right check at its end:
// a fuzzer would not come past a checksum by itself.
#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "store/record.h"

namespace {

using namespace medimirror;

std::string with_check(std::string_view body, std::size_t check_bytes) {
  std::string bytes(body);
  const std::uint64_t check = XXH3_64bits(body.data(), body.size());
  for (std::size_t i = 0; i < check_bytes; ++i) bytes.push_back(static_cast<char>(check >> (8 * i)));
  return bytes;
}

template <typename Record>
void round_trip(std::string_view body, std::size_t check_bytes = 8) {
  for (const std::string& bytes : {std::string(body), with_check(body, check_bytes)}) {
    const auto record = decode<Record>(bytes);
    if (record && decode<Record>(encode(*record)) != record) std::abort();
  }
}

template <typename Key>
void key_round_trip(const std::optional<Key>& key, std::string_view bytes) {
  if (key && encode_key(*key) != bytes) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 7) {
    case 0:
      round_trip<ListingMark>(body, 4);
      break;
    case 1:
      round_trip<MediaItem>(body);
      break;
    case 2:
      round_trip<AssetRecord>(body);
      break;
    case 3:
      round_trip<BlobRecord>(body);
      break;
    case 4:
      round_trip<PublishedRecord>(body);
      break;
    case 5:
      round_trip<RunRecord>(body);
      break;
    default:
      key_round_trip(decode_media_key(body), body);
      key_round_trip(decode_asset_key(body), body);
      key_round_trip(decode_derivative_key(body), body);
  }
  return 0;
}
