// ICC.1: a header of 128 bytes, a count of tags, then signature, offset and size of each.
#include "image/colour_profile.h"

#include <algorithm>
#include <string>

#include "image/byte_reader.h"

namespace medimirror {

namespace {

constexpr std::size_t kHeaderBytes = 128;

}  // namespace

bool is_usable_profile(std::string_view profile) {
  constexpr std::size_t kTagEntryBytes = 12;
  ByteReader reader(profile);
  const std::uint32_t stated = reader.be32();
  reader.skip(12);
  const std::string_view colours = reader.take(4);
  reader.skip(16);
  const std::string_view signature = reader.take(4);
  const std::uint64_t tags = ByteReader(profile, std::min(kHeaderBytes, profile.size())).be32();
  if (stated > profile.size() || signature != "acsp" || tags == 0) return false;
  if (colours != "GRAY" && colours != "RGB " && colours != "CMYK") return false;
  if (tags > (profile.size() - kHeaderBytes - 4) / kTagEntryBytes) return false;
  for (std::uint64_t i = 0; i < tags; ++i) {
    ByteReader entry(profile, kHeaderBytes + 4 + i * kTagEntryBytes + 4);
    const std::uint64_t offset = entry.be32(), size = entry.be32();
    if (offset + size > profile.size()) return false;
  }
  return true;
}

bool is_srgb_profile(std::string_view profile) {
  constexpr std::uint32_t kTagsMax = 100;
  if (profile.size() < kHeaderBytes + 4 || profile.substr(16, 4) != "RGB ") return false;
  ByteReader reader(profile, kHeaderBytes);
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
