// ICC.1: a header of 128 bytes, a count of tags, then signature, offset and size of each.
#include "image/colour_profile.h"

#include <algorithm>
#include <string>

#include "image/byte_reader.h"

namespace medimirror {

bool is_srgb_profile(std::string_view profile) {
  constexpr std::uint32_t kTagsMax = 100;
  if (profile.size() < 132 || profile.substr(16, 4) != "RGB ") return false;
  ByteReader reader(profile, 128);
  const std::uint32_t tags = std::min(reader.be32(), kTagsMax);
  for (std::uint32_t i = 0; i < tags && !reader.failed(); ++i) {
    const bool is_description = reader.take(4) == "desc";
    const std::uint32_t offset = reader.be32(), size = reader.be32();
    if (!is_description) continue;
    ByteReader description(profile, offset);
    std::string text(description.take(size));
    text.erase(std::remove(text.begin(), text.end(), '\0'), text.end());  // newer profiles write UTF-16
    return text.find("sRGB") != std::string::npos;
  }
  return false;
}

}  // namespace medimirror
