// Fuzzes a path template and the values of the service together. Input: template, newline, format, newline,
// source format, newline, photo type, newline, locale, newline, and the id as text.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "base/digest.h"
#include "tree/layout.h"

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

void check_part(std::string_view part) {
  demand(!part.empty() && part.size() <= 255);
  demand(part.front() != '.' && part.front() != '-');
  demand(std::ranges::all_of(part, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("._-+@=,").find(c) != std::string_view::npos;
  }));
}

void check_path(std::string_view path) {
  demand(!path.empty() && path.size() <= 1024);
  demand(!medimirror::is_taken_name(path.substr(0, path.find('/'))));
  for (;;) {
    const auto slash = path.find('/');
    check_part(path.substr(0, slash));
    if (slash == std::string_view::npos) return;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto parsed = medimirror::PathTemplate::parse(take_line(input));
  if (const auto* sentence = std::get_if<std::string>(&parsed)) {
    demand(!sentence->empty());
    return 0;
  }
  const auto& path = std::get<medimirror::PathTemplate>(parsed);
  const medimirror::Digest digest;
  medimirror::PathFields fields;
  fields.digest = &digest;
  fields.format = take_line(input);
  fields.source_format = take_line(input);
  fields.photo_type = take_line(input);
  fields.kind = fields.photo_type;
  fields.locale = take_line(input);
  fields.id = std::strtoull(std::string(input.substr(0, 32)).c_str(), nullptr, 10);
  fields.image_format = medimirror::ImageFormat::jpeg;
  const std::string one = path.render(fields);
  check_path(one);

  // Another medium never gets the same path, whatever its values are.
  medimirror::PathFields other = fields;
  other.id ^= 1 + (fields.id >> 3);
  check_path(path.render(other));
  demand(path.render(other) != one);
  std::swap(other.format, other.locale);
  std::swap(other.photo_type, other.source_format);
  other.image_format = medimirror::ImageFormat::webp;
  demand(path.render(other) != one);
  return 0;
}
