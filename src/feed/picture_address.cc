#include "feed/picture_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/error.h"
#include "http/url.h"

namespace medimirror {

namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~/").find(c) != std::string_view::npos;
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

void append_encoded(std::string& out, std::string_view path, bool keep_escapes) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    const bool is_escape =
        keep_escapes && c == '%' && i + 2 < path.size() && is_hex(path[i + 1]) && is_hex(path[i + 2]);
    if (is_plain(c) || is_escape)
      out += c;
    else
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
  }
}

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw Error(ErrorKind::usage,
              fmt::format("--base-url {}: {}; it is the address of media/ as the shop sees it, like "
                          "https://www.example.com/media",
                          text, why),
              "read the command line");
}

}  // namespace

std::string checked_base_url(std::string_view text) {
  const std::optional<Url> url = parse_url(text);
  if (!url || !url->is_http()) refuse(text, "this is no http or https URL");
  if (!url->userinfo.empty()) refuse(url->display(), "a name or password in it would stand in the file");
  if (url->query || url->fragment) refuse(url->display(), "nothing may follow its path, no ? and no #");
  if (!std::ranges::all_of(url->host, [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
    refuse(text, "its host has letters beyond ASCII: give it as xn--…");
  std::string base = url->origin();
  append_encoded(base, url->path, true);
  if (!base.ends_with('/')) base += '/';
  return base;
}

std::string picture_address(std::string_view base_url, std::string_view path) {
  std::string address(base_url);
  append_encoded(address, path, false);
  return address;
}

}  // namespace medimirror
