// Role: the number that a picture has among those of its product in a view, and the names under which files of views
// are published. Pure.
// Place: kept by the index (table view_numbers), given out by tree/view_numbers, which says when a number is free again.
// Format of a key: the view's name, a zero byte, the product's id, a zero byte, media id (8 bytes BE). Of a record:
// version (1 byte), number (4 bytes LE), gone_at (8 bytes LE), check (4 bytes: the low half of the XXH3-64).
// Failure: decoding returns nothing for what is damaged or of another version.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/media.h"

namespace medimirror {

struct ViewNumberKey {
  std::string view, product;
  MediaId media = 0;
  auto operator<=>(const ViewNumberKey&) const = default;
};

struct ViewNumber {
  std::uint32_t number = 0;  // from 1
  UnixSeconds gone_at = 0;   // when its picture left the view; 0: it has its place
  bool operator==(const ViewNumber&) const = default;
};

constexpr std::size_t kViewNameBytesMax = 32;

std::string encode_key(const ViewNumberKey& key);
std::string view_number_prefix(std::string_view view, std::string_view product);
std::optional<ViewNumberKey> decode_view_number_key(std::string_view bytes);
std::string encode(const ViewNumber& number);
std::optional<ViewNumber> decode_view_number(std::string_view bytes);

// The `format` of the key of a view's file: "<view>/<product id>", and "/<code>" where the product has a file for each
// of its codes. No format of the service and no recipe has a slash.
inline bool is_view_format(std::string_view format) {
  return format.find('/') != std::string_view::npos;
}
inline std::string_view view_of_format(std::string_view format) {
  return format.substr(0, format.find('/'));
}

}  // namespace medimirror
