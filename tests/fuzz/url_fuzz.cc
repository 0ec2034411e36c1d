// URLs from listings and redirects. Input: a base, newline, a reference. What is parsed is written and read back the
// same; what is resolved is a URL without spaces, control characters or dot segments, and no host slips past the list.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/url.h"

namespace {

using namespace medimirror;

void demand(bool holds) {
  if (!holds) std::abort();
}

bool has_dot_segments(const Url& url) {
  return (url.path + "/").find("/../") != std::string::npos;
}

void look(const Url& url) {
  const std::string text = url.text();
  for (const char c : text) demand(c > ' ' && c != 0x7f);
  if (url.host.empty()) return;
  const auto again = parse_url(text);
  demand(again.has_value());
  demand(again->host == url.host && again->scheme == url.scheme && again->path == url.path &&
         again->query == url.query);
  demand(again->text() == text);
  demand(url.display().starts_with(url.scheme + "://" + url.host));  // no user, no password
  is_private_host(url.host);
  is_loopback_host(url.host);
  is_private_address(url.host);
  static const HostAllowList allowed({"media.example.com", "*.cdn.example.com", "127.0.0.1:8080"});
  if (!allowed.refusal(url)) {
    demand(url.is_http() && url.userinfo.empty());
    demand(url.host == "media.example.com" || url.host.ends_with(".cdn.example.com") ||
           (url.host == "127.0.0.1" && url.port == 8080));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto end = input.find('\n');
  const std::string_view reference = end == std::string_view::npos ? input : input.substr(end + 1);
  const auto base = parse_url(input.substr(0, end));
  if (base) look(*base);
  if (const auto url = parse_url(reference)) look(*url);
  for (const auto& from : {base, parse_url("https://media.example.com/a/b?c")}) {
    if (!from) continue;
    const auto resolved = resolve_url(*from, reference);
    if (!resolved) continue;
    look(*resolved);
    // a reference without a path keeps that of the base as it is
    if (resolved->is_http() && resolved->path != from->path) demand(!has_dot_segments(*resolved));
  }
  differs_in_query_only(input.substr(0, end), reference);
  return 0;
}
