// TIFF 6.0: a byte order, an offset to the first directory; there entries of 12 bytes: tag, type, count, value.
#include "image/exif.h"

#include <cstdint>

#include "image/byte_reader.h"

namespace medimirror {

int exif_orientation(std::string_view tiff) {
  constexpr std::uint16_t kOrientation = 0x0112, kShort = 3;
  const bool little = tiff.starts_with("II*");
  if (!little && !tiff.starts_with(std::string_view("MM\0*", 4))) return 1;
  ByteReader head(tiff, 4);
  ByteReader reader(tiff, little ? head.le32() : head.be32());
  const auto two = [&] { return little ? reader.le16() : reader.be16(); };
  for (unsigned left = two(); left > 0 && !reader.failed(); --left) {
    const std::uint16_t tag = two(), type = two();
    reader.skip(4);  // how many values
    const std::uint16_t value = two();
    reader.skip(2);
    if (tag == kOrientation && !reader.failed())
      return type == kShort && value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

}  // namespace medimirror
