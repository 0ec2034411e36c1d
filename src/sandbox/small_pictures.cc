// Small pictures, encoded by hand: each encoding is reduced to the few bits that differ between pictures, so
// that thousands a second cost nothing. See pictures.h.
#include <zlib.h>

#include <array>
#include <vector>

#include "sandbox/mix.h"
#include "sandbox/pictures.h"

namespace medimirror::sandbox {
namespace {

struct Extent {
  unsigned width, height;
};

Extent extent_of(const PictureSpec& spec) {
  constexpr unsigned kEdges[] = {16, 32, 48, 64};
  const unsigned edge = kEdges[static_cast<std::size_t>(spec.size)];
  return {edge, spec.square ? edge : edge - 8};
}

Dice dice_of(const PictureSpec& spec) {
  return Dice(mix(spec.key, static_cast<std::uint64_t>(spec.size)));
}

template <std::size_t N>
void append(std::string& out, const std::uint8_t (&bytes)[N]) {
  out.append(reinterpret_cast<const char*>(bytes), N);
}
void append_u16(std::string& out, unsigned value) {
  out += {static_cast<char>(value >> 8), static_cast<char>(value)};
}
void append_u32(std::string& out, std::uint32_t value) {
  append_u16(out, value >> 16), append_u16(out, value & 0xffff);
}
void append_u32_little(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift);
}

// ------------------------------------------------ JPEG: baseline, three components, flat blocks of 8 by 8

// Bits, high bit first, with the zero byte that JPEG puts behind every 0xff.
class JpegBits {
 public:
  explicit JpegBits(std::string& out) : out_(out) {}

  void put(unsigned code, unsigned length) {
    bits_ = bits_ << length | code;
    count_ += length;
    while (count_ >= 8) {
      count_ -= 8;
      const auto byte = static_cast<std::uint8_t>(bits_ >> count_);
      out_ += static_cast<char>(byte);
      if (byte == 0xff) out_ += '\0';
    }
  }
  void pad() {
    if (count_ % 8 != 0) put((1u << (8 - count_)) - 1, 8 - count_);
  }

 private:
  std::string& out_;
  std::uint64_t bits_ = 0;
  unsigned count_ = 0;
};

// The difference to the block before, as its bit length and its bits; then "no other coefficients".
void put_flat_block(JpegBits& bits, int difference) {
  constexpr std::array<std::pair<unsigned, unsigned>, 9> kLengthCodes = {{{0b00, 2},
                                                                          {0b010, 3},
                                                                          {0b011, 3},
                                                                          {0b100, 3},
                                                                          {0b101, 3},
                                                                          {0b110, 3},
                                                                          {0b1110, 4},
                                                                          {0b11110, 5},
                                                                          {0b111110, 6}}};
  unsigned length = 0;
  for (unsigned magnitude = static_cast<unsigned>(difference < 0 ? -difference : difference); magnitude != 0;
       magnitude >>= 1)
    ++length;
  bits.put(kLengthCodes[length].first, kLengthCodes[length].second);
  if (length > 0) {
    const int value = difference > 0 ? difference : difference + (1 << length) - 1;
    bits.put(static_cast<unsigned>(value), length);
  }
  bits.put(0, 1);
}

std::string jpeg(const PictureSpec& spec) {
  constexpr std::uint8_t kStart[] = {0xff, 0xd8, 0xff, 0xe0, 0, 16, 'J', 'F',  'I',  'F', 0,  1, 1,
                                     0,    0,    1,    0,    1, 0,  0,   0xff, 0xdb, 0,   67, 0};
  constexpr std::uint8_t kComponents[] = {3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0};
  constexpr std::uint8_t kTables[] = {
      0xff, 0xc4, 0,    28, 0x00,  // DC lengths 0 to 8
      0,    1,    5,    1,  1,    1, 0, 0,    0, 0,    0,    0,    0,  0,    0, 0,
      0,    1,    2,    3,  4,    5, 6, 7,    8, 0xff, 0xc4, 0,    20, 0x10,  // AC: end of block alone
      1,    0,    0,    0,  0,    0, 0, 0,    0, 0,    0,    0,    0,  0,    0, 0,
      0,    0xff, 0xda, 0,  12,   3, 1, 0x00, 2, 0x00, 3,    0x00, 0,  63,   0};
  const Extent extent = extent_of(spec);
  std::string out;
  out.reserve(1024);
  append(out, kStart);
  out.append(64, '\x10');  // every quantizer 16: a step of the DC value is 2 levels
  out += {'\xff', '\xc0', '\0', 17, 8};
  append_u16(out, extent.height);
  append_u16(out, extent.width);
  append(out, kComponents);
  append(out, kTables);

  Dice dice = dice_of(spec);
  JpegBits bits(out);
  int before[3] = {0, 0, 0};
  for (unsigned block = 0; block < extent.width * extent.height / 64; ++block) {
    const std::uint64_t row = dice.next();
    const int colour[3] = {static_cast<int>(row % 120) - 60, static_cast<int>((row >> 8) % 64) - 32,
                           static_cast<int>((row >> 16) % 64) - 32};
    for (int i = 0; i < 3; ++i) {
      put_flat_block(bits, colour[i] - before[i]);
      before[i] = colour[i];
    }
  }
  bits.pad();
  out += {'\xff', '\xd9'};
  return out;
}

// ------------------------------------------------ PNG: the pixels are always the same, the palette differs

void append_png_chunk(std::string& out, std::string_view type, std::string_view data) {
  append_u32(out, static_cast<std::uint32_t>(data.size()));
  const std::size_t start = out.size();
  out.append(type).append(data);
  const auto* const bytes = reinterpret_cast<const Bytef*>(out.data() + start);
  append_u32(out, static_cast<std::uint32_t>(crc32(0, bytes, static_cast<uInt>(out.size() - start))));
}

// Palette entry 0, transparent, around stripes of the entries 1 to 7.
std::string png_pixels(Extent extent) {
  std::string rows;
  for (unsigned y = 0; y < extent.height; ++y) {
    rows += '\0';
    for (unsigned x = 0; x < extent.width; ++x) {
      const bool outside = x < 4 || y < 4 || x >= extent.width - 4 || y >= extent.height - 4;
      rows += static_cast<char>(outside ? 0 : 1 + (y - 4) / 2 % 7);
    }
  }
  std::string packed(compressBound(static_cast<uLong>(rows.size())), '\0');
  uLongf size = static_cast<uLongf>(packed.size());
  compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()),
            static_cast<uLong>(rows.size()), 9);
  packed.resize(size);
  return packed;
}

std::string png(const PictureSpec& spec) {
  static const auto kPixels = [] {
    std::array<std::array<std::string, 2>, 4> pixels;
    for (std::size_t size = 0; size < 4; ++size)
      for (const bool square : {false, true})
        pixels[size][square] =
            png_pixels(extent_of({0, static_cast<PictureSize>(size), Encoding::png, true, square}));
    return pixels;
  }();
  const Extent extent = extent_of(spec);
  std::string header;
  append_u32(header, extent.width);
  append_u32(header, extent.height);
  header += {8, 3, 0, 0, 0};
  std::string palette(3, '\xff');
  Dice dice = dice_of(spec);
  for (int i = 0; i < 21; ++i) palette += static_cast<char>(dice.next());

  std::string out = "\x89PNG\r\n\x1a\n";
  append_png_chunk(out, "IHDR", header);
  append_png_chunk(out, "PLTE", palette);
  append_png_chunk(out, "tRNS", std::string_view(spec.cut_out ? "\0" : "\xff", 1));
  append_png_chunk(out, "IDAT", kPixels[static_cast<std::size_t>(spec.size)][spec.square]);
  append_png_chunk(out, "IEND", {});
  return out;
}

// ------------------------------------------------ WebP: lossless, two shades of green, one bit a pixel

class WebpBits {
 public:
  void put(std::uint32_t value, unsigned length) {
    bits_ |= std::uint64_t{value} << count_;
    for (count_ += length; count_ >= 8; count_ -= 8, bits_ >>= 8) bytes_ += static_cast<char>(bits_);
  }
  std::string finish() {
    if (count_ > 0) bytes_ += static_cast<char>(bits_);
    return std::move(bytes_);
  }

  void put_one_symbol_code(std::uint32_t symbol) { put(0b101, 3), put(symbol, 8); }
  void put_two_symbol_code(std::uint32_t a, std::uint32_t b) { put(0b111, 3), put(a, 8), put(b, 8); }

 private:
  std::string bytes_;
  std::uint64_t bits_ = 0;
  unsigned count_ = 0;
};

std::string webp(const PictureSpec& spec) {
  const Extent extent = extent_of(spec);
  Dice dice = dice_of(spec);
  const auto green = static_cast<std::uint32_t>(dice.next() & 0x7f);
  WebpBits bits;
  bits.put(0x2f, 8);
  bits.put(extent.width - 1, 14);
  bits.put(extent.height - 1, 14);
  bits.put(spec.cut_out ? 1 : 0, 1);
  bits.put(0, 3 + 3);  // version; no transform, no colour cache, one group of codes
  bits.put_two_symbol_code(green, green + 100);
  bits.put_one_symbol_code(static_cast<std::uint32_t>(dice.next() & 0xff));
  bits.put_one_symbol_code(static_cast<std::uint32_t>(dice.next() & 0xff));
  if (spec.cut_out) {
    bits.put_two_symbol_code(0, 255);
  } else {
    bits.put_one_symbol_code(255);
  }
  bits.put_one_symbol_code(0);
  for (unsigned y = 0; y < extent.height; ++y) {
    std::uint64_t row = dice.next();
    for (unsigned x = 0; x < extent.width; ++x, row >>= 1) {
      bits.put(row & 1, 1);
      const bool outside = x < 4 || y < 4 || x >= extent.width - 4 || y >= extent.height - 4;
      if (spec.cut_out) bits.put(outside ? 0 : 1, 1);
    }
  }
  std::string data = bits.finish();
  const auto size = static_cast<std::uint32_t>(data.size());
  if (data.size() % 2 != 0) data += '\0';
  std::string out = "RIFF";
  append_u32_little(out, static_cast<std::uint32_t>(4 + 8 + data.size()));
  out += "WEBPVP8L";
  append_u32_little(out, size);
  return out + data;
}

class SmallPictures final : public Pictures {
 public:
  std::string bytes(const PictureSpec& spec) override {
    switch (spec.encoding) {
      case Encoding::png:
        return png(spec);
      case Encoding::webp:
        return webp(spec);
      case Encoding::jpeg:
        break;
    }
    return jpeg(spec);
  }
};

}  // namespace

std::unique_ptr<Pictures> small_pictures() {
  return std::make_unique<SmallPictures>();
}

}  // namespace medimirror::sandbox
