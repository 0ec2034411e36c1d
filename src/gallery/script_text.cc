#include "gallery/script_text.h"

#include <fmt/format.h>

namespace medimirror {

std::string script_value(const Json& value) {
  const std::string json = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  std::string text;
  text.reserve(json.size() + json.size() / 16);
  // None of the three occurs in JSON outside of strings.
  for (const char c : json) {
    switch (c) {
      case '<':
        text += "\\u003c";
        break;
      case '>':
        text += "\\u003e";
        break;
      case '&':
        text += "\\u0026";
        break;
      default:
        text += c;
    }
  }
  return text;
}

std::string script_file(std::string_view name, std::string_view value) {
  return fmt::format("galleryData({}, {});\n", script_value(Json(std::string(name))), value);
}

}  // namespace medimirror
