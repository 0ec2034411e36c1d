// The smallest whole PNG, made different by a number: enough for `validate = "header"`, which checks every chunk.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>

namespace medimirror {

inline void append_png_chunk(std::string& png, const std::string& type, const std::string& data) {
  const auto append_u32 = [&](std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) png += static_cast<char>(value >> shift);
  };
  append_u32(static_cast<std::uint32_t>(data.size()));
  const std::string checked = type + data;
  png += checked;
  append_u32(static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(checked.data()), static_cast<uInt>(checked.size()))));
}

// One grey pixel, and the number in a text chunk.
inline std::string tiny_png(std::uint64_t number) {
  std::string png = "\x89PNG\r\n\x1a\n";
  append_png_chunk(png, "IHDR", std::string("\0\0\0\1\0\0\0\1\x08\0\0\0\0", 13));
  append_png_chunk(png, "tEXt", std::string("n\0", 2) + std::to_string(number));
  const std::string row("\0\x80", 2);
  std::string packed(64, '\0');
  uLongf size = packed.size();
  ::compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(row.data()),
             row.size());
  packed.resize(size);
  append_png_chunk(png, "IDAT", packed);
  append_png_chunk(png, "IEND", "");
  return png;
}

}  // namespace medimirror
