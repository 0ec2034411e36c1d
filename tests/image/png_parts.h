// Role: the chunks of a PNG, taken apart and put together otherwise, for tests of what is odd and what is damage.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace medimirror::pictures {

inline std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
  return bytes;
}

struct PngPart {
  std::string type, data;
  bool is_sound = true;  // else it is written with a wrong checksum
};

inline std::vector<PngPart> png_parts(std::string_view bytes) {
  std::vector<PngPart> parts;
  for (std::size_t at = 8; at + 12 <= bytes.size();) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(bytes[at + i]);
    parts.push_back({std::string(bytes.substr(at + 4, 4)), std::string(bytes.substr(at + 8, length))});
    at += 12 + length;
  }
  return parts;
}

inline std::string png_of(const std::vector<PngPart>& parts) {
  std::string bytes("\x89PNG\r\n\x1A\n", 8);
  for (const PngPart& part : parts) {
    const std::string body = part.type + part.data;
    const auto sum =
        static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size()));
    bytes += big_endian(static_cast<std::uint32_t>(part.data.size())) + body +
             big_endian(part.is_sound ? sum : ~sum);
  }
  return bytes;
}

// The place of the first chunk of this type, or the count of all.
inline std::size_t place_of(const std::vector<PngPart>& parts, std::string_view type) {
  std::size_t i = 0;
  while (i < parts.size() && parts[i].type != type) ++i;
  return i;
}

// One more chunk before the first of this type.
inline std::string png_with(std::string_view bytes, PngPart part, std::string_view before = "IDAT") {
  std::vector<PngPart> parts = png_parts(bytes);
  parts.insert(parts.begin() + static_cast<std::ptrdiff_t>(place_of(parts, before)), std::move(part));
  return png_of(parts);
}

inline std::string deflated(std::string_view data) {
  std::string out(compressBound(data.size()), '\0');
  uLongf size = out.size();
  compress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(data.data()),
           data.size());
  out.resize(size);
  return out;
}

}  // namespace medimirror::pictures
