// Fuzzes the path template of a view and the values of the service together. Input: template, newline, CNK, newline, EAN,
// newline, product id, newline, photo type, newline, locale, newline, and the media id as text.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "base/digest.h"
#include "tree/view_path.h"

namespace {

std::string_view take_line(std::string_view& input) {
  const auto end = input.find('\n');
  const std::string_view line = input.substr(0, end);
  input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
  return line;
}

void demand(bool holds) {
  if (!holds) std::abort();
}

void check_path(std::string_view path) {
  demand(path.size() <= 900);
  for (;;) {
    const auto slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    demand(!part.empty() && part.size() <= medimirror::kShopNameBytesMax);
    demand(part.front() != '.' && part.front() != '-');
    demand(std::ranges::all_of(part, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    }));
    if (slash == std::string_view::npos) return;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto parsed = medimirror::ViewPath::parse(take_line(input));
  if (const auto* sentence = std::get_if<std::string>(&parsed)) {
    demand(!sentence->empty());
    return 0;
  }
  const auto& path = std::get<medimirror::ViewPath>(parsed);
  const medimirror::Digest digest;
  medimirror::ViewPathFields fields;
  fields.digest = &digest;
  fields.cnk = take_line(input);
  fields.ean = take_line(input);
  fields.product = take_line(input);
  fields.photo_type = take_line(input);
  fields.kind = fields.format = fields.photo_type;
  fields.locale = take_line(input);
  fields.id = std::strtoull(std::string(input.substr(0, 32)).c_str(), nullptr, 10);
  fields.n = static_cast<std::uint32_t>(fields.id >> 3);
  fields.image_format = medimirror::ImageFormat::jpeg;
  const auto rendered = path.render(fields);
  if (const auto* refused = std::get_if<medimirror::ViewPath::Refused>(&rendered)) {
    demand(!refused->why.empty());
    return 0;
  }
  check_path(std::get<std::string>(rendered));
  return 0;
}
