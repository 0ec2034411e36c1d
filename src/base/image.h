// Role: what is known about a picture, why bytes were refused, and how a derivative is made, as values.
// Place: made by image/, kept by store/record, read by tree/ and report/.
// Format: the numbers of the enums are on disk: add, never change.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/print.h"

namespace medimirror {

enum class ImageFormat : std::uint8_t { unknown = 0, jpeg = 1, png = 2, webp = 3, gif = 4, avif = 5 };

std::string_view name_of(ImageFormat format);                          // "jpeg"
std::string_view extension_of(ImageFormat format);                     // "jpg"; unknown is "bin"
std::optional<ImageFormat> parse_image_format(std::string_view name);  // "jpeg" or "jpg", "png", …

struct ImageInfo {
  ImageFormat format = ImageFormat::unknown;
  std::uint32_t width = 0, height = 0;
  std::uint32_t pages = 1;
  bool has_alpha = false;
  std::string note;  // a harmless oddity, in words; usually empty
  Print print{};     // what it looks like; empty where the pixels were not decoded, and of derivatives
  bool operator==(const ImageInfo&) const = default;
};

enum class RejectionReason : std::uint8_t {
  empty = 1,            // no bytes at all
  html_page = 2,        // a web page, usually an error, under a picture's name
  not_an_image = 3,     // some other kind of file
  unsupported = 4,      // a picture of a format that is not taken (SVG, TIFF, PDF, …)
  truncated = 5,        // the picture ends early
  damaged = 6,          // it is all there, and broken
  too_large = 7,        // more bytes, pixels or pages than the limits allow
  decoder_crashed = 8,  // twice, in fresh processes
  decoder_timed_out = 9,
  wrong_digest = 10,  // the server's own digest header disagrees
};
std::string_view name_of(RejectionReason reason);  // "html_page"

struct Rejection {
  RejectionReason reason{};
  std::string detail;  // a sentence
  bool operator==(const Rejection&) const = default;
};

enum class Fit : std::uint8_t { inside = 0, cover = 1, pad = 2 };

struct Colour {
  std::uint8_t red = 255, green = 255, blue = 255;
  bool operator==(const Colour&) const = default;
};

// How to make a derivative. Two recipes with equal keys make equal bytes of equal pictures, in one configuration and with the
// same libraries (image/pyramid.h).
struct Recipe {
  std::string name;  // "thumb": the {format} of its path; not part of the key
  std::uint32_t width = 0, height = 0;
  ImageFormat format = ImageFormat::jpeg;
  int quality = 82;
  Fit fit = Fit::inside;
  Colour background;     // what transparency is flattened on, and what pads
  bool enlarge = false;  // never larger than the picture unless asked

  // 8 bytes: the start of the SHA-256 of everything above but the name, and of the version of the maker.
  std::uint64_t key() const;
  bool operator==(const Recipe&) const = default;
};

}  // namespace medimirror
