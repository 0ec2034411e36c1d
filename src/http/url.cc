#include "http/url.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/error.h"

namespace medimirror {

namespace {

constexpr std::size_t kUrlBytesMax = 8 * 1024;

bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// RFC 3986 unreserved and sub-delims, and what a path may hold besides.
bool stands_in_path(char c) {
  return is_digit(c) || is_alpha(c) ||
         std::string_view("-._~!$&'()*+,;=:@/").find(c) != std::string_view::npos;
}

// Square brackets do not belong in a query either, but signed URLs contain them raw and the signature counts.
bool stands_in_query(char c) {
  return stands_in_path(c) || c == '?' || c == '[' || c == ']';
}

std::string encode(std::string_view text, bool (*stands)(char)) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_escape = c == '%' && i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2]);
    if (is_escape || stands(c))
      result += c;
    else
      fmt::format_to(std::back_inserter(result), "%{:02X}", static_cast<unsigned char>(c));
  }
  return result;
}

// The five parts of RFC 3986 appendix B, still raw.
struct Parts {
  std::optional<std::string_view> scheme, authority;
  std::string_view path;
  std::optional<std::string_view> query, fragment;
};

bool is_scheme(std::string_view text) {
  return !text.empty() && is_alpha(text[0]) && std::ranges::all_of(text, [](char c) {
    return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
}

Parts split(std::string_view text) {
  Parts parts;
  if (const auto hash = text.find('#'); hash != std::string_view::npos) {
    parts.fragment = text.substr(hash + 1);
    text = text.substr(0, hash);
  }
  if (const auto mark = text.find('?'); mark != std::string_view::npos) {
    parts.query = text.substr(mark + 1);
    text = text.substr(0, mark);
  }
  if (const auto colon = text.find_first_of(":/");
      colon != std::string_view::npos && text[colon] == ':' && is_scheme(text.substr(0, colon))) {
    parts.scheme = text.substr(0, colon);
    text = text.substr(colon + 1);
  }
  if (text.starts_with("//")) {
    const std::size_t end = std::min(text.find('/', 2), text.size());
    parts.authority = text.substr(2, end - 2);
    text = text.substr(end);
  }
  parts.path = text;
  return parts;
}

bool is_ipv6(std::string_view text) {
  in6_addr address;
  return text.size() < INET6_ADDRSTRLEN && inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

// A name or a number of letters, digits, dot, hyphen, underscore. Stricter than the RFC on purpose: an escape
// or an odd character in a host is where two parsers begin to disagree about who is being asked.
bool is_host(std::string_view host) {
  if (host.starts_with('[')) return host.ends_with(']') && is_ipv6(host.substr(1, host.size() - 2));
  return !host.empty() && host.size() <= 253 && std::ranges::all_of(host, [](char c) {
    return is_alpha(c) || is_digit(c) || c == '.' || c == '-' || c == '_';
  });
}

bool set_port(std::string_view text, std::optional<std::uint16_t>& port) {
  port.reset();
  if (text.empty()) return true;
  port = whole_number<std::uint16_t>(text);
  return port && *port != 0;
}

// "host", "host:port", "[::1]:port"
bool set_host_and_port(std::string_view text, std::string& host, std::optional<std::uint16_t>& port) {
  const std::size_t from = text.starts_with('[') ? text.find(']') : 0;
  if (from == std::string_view::npos) return false;
  const std::size_t colon = text.find(':', from);
  host = lower(text.substr(0, colon));
  const std::string_view digits =
      colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  return is_host(host) && set_port(digits, port);
}

bool set_authority(std::string_view authority, Url& url) {
  if (std::ranges::any_of(authority, [](char c) { return c == ' ' || c == '\\'; })) return false;
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    url.userinfo = authority.substr(0, at);
    authority = authority.substr(at + 1);
  }
  return set_host_and_port(authority, url.host, url.port);
}

// RFC 3986 §5.2.4.
std::string remove_dot_segments(std::string_view in) {
  std::string out;
  const auto drop_last = [&out] { out.resize(out.rfind('/') == std::string::npos ? 0 : out.rfind('/')); };
  while (!in.empty()) {
    if (in.starts_with("../")) {
      in.remove_prefix(3);
    } else if (in.starts_with("./") || in.starts_with("/./")) {
      in.remove_prefix(2);
    } else if (in == "/.") {
      in = "/";
    } else if (in.starts_with("/../")) {
      in.remove_prefix(3);
      drop_last();
    } else if (in == "/..") {
      in = "/";
      drop_last();
    } else if (in == "." || in == "..") {
      in = {};
    } else {
      const std::size_t end = std::min(in.find('/', 1), in.size());
      out += in.substr(0, end);
      in.remove_prefix(end);
    }
  }
  return out;
}

bool is_acceptable_text(std::string_view text) {
  return !text.empty() && text.size() <= kUrlBytesMax && std::ranges::none_of(text, is_control);
}

void set_rest(const Parts& parts, Url& url) {
  if (parts.query) url.query = encode(*parts.query, stands_in_query);
  if (parts.fragment) url.fragment = encode(*parts.fragment, stands_in_query);
}

std::optional<Url> finish(Url url) {
  if (!url.host.empty() && !url.path.starts_with('/')) url.path.insert(0, "/");
  const bool needs_host = url.scheme == "http" || url.scheme == "https";
  if (needs_host && url.host.empty()) return std::nullopt;
  return url;
}

std::uint16_t default_port(std::string_view scheme) {
  if (scheme == "https") return 443;
  return scheme == "http" ? 80 : 0;
}

std::uint16_t effective_port(const Url& url) {
  return url.port.value_or(default_port(url.scheme));
}

bool name_sounds_secret(std::string_view name) {
  const std::string low = lower(name);
  for (const std::string_view word : {"key", "token", "secret", "sig", "pass", "pwd", "auth", "credential",
                                      "session", "policy", "hmac", "hash", "jwt"})
    if (low.find(word) != std::string::npos) return true;
  return false;
}

// Long and made of digits and letters without a break: a key, a digest, a ticket.
bool value_looks_secret(std::string_view value) {
  if (value.size() < 24) return false;
  const bool one_word = std::ranges::all_of(value, [](char c) {
    return is_alpha(c) || is_digit(c) || std::string_view("+/=_-%").find(c) != std::string_view::npos;
  });
  return one_word && std::ranges::any_of(value, is_digit) && std::ranges::any_of(value, is_alpha);
}

std::string query_without_secrets(std::string_view query) {
  std::string shown;
  for (;;) {
    const std::size_t end = std::min(query.find_first_of("&;"), query.size());
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = pair.find('=');
    const std::string_view name = pair.substr(0, equals);
    if (equals == std::string_view::npos)
      shown += value_looks_secret(pair) ? "…" : pair;
    else if (name_sounds_secret(name) || value_looks_secret(pair.substr(equals + 1)))
      shown += fmt::format("{}=…", name);
    else
      shown += pair;
    if (end == query.size()) return shown;
    shown += query[end];
    query.remove_prefix(end + 1);
  }
}

}  // namespace

std::string Url::text() const {
  std::string result = scheme + ":";
  if (!host.empty()) result += "//" + host;
  if (port) result += fmt::format(":{}", *port);
  result += path;
  if (query) result += "?" + *query;
  return result;
}

std::string Url::display() const {
  Url shown = *this;
  if (shown.query) shown.query = query_without_secrets(*shown.query);
  return shown.text();
}

std::string Url::origin() const {
  std::string result;
  result.reserve(scheme.size() + 3 + host.size() + 6);
  result.append(scheme).append("://").append(host);
  if (port && *port != default_port(scheme)) fmt::format_to(std::back_inserter(result), ":{}", *port);
  return result;
}

bool Url::is_http() const {
  return (scheme == "http" || scheme == "https") && !host.empty();
}

std::optional<Url> parse_url(std::string_view text) {
  text = trim(text);
  if (!is_acceptable_text(text)) return std::nullopt;
  const Parts parts = split(text);
  if (!parts.scheme) return std::nullopt;
  Url url;
  url.scheme = lower(*parts.scheme);
  if (parts.authority && !parts.authority->empty() && !set_authority(*parts.authority, url))
    return std::nullopt;
  url.path = encode(parts.path, stands_in_path);
  set_rest(parts, url);
  return finish(std::move(url));
}

std::optional<Url> resolve_url(const Url& base, std::string_view reference) {
  reference = trim(reference);
  if (reference.empty()) {
    Url same = base;
    same.fragment.reset();
    return same;
  }
  if (!is_acceptable_text(reference)) return std::nullopt;
  const Parts parts = split(reference);
  if (parts.scheme) {
    auto absolute = parse_url(reference);
    if (absolute) absolute->path = remove_dot_segments(absolute->path);
    return absolute;
  }
  Url url = base;
  url.query.reset();
  url.fragment.reset();
  const std::string path = encode(parts.path, stands_in_path);
  if (parts.authority) {
    url.userinfo.clear();
    if (!set_authority(*parts.authority, url)) return std::nullopt;
    url.path = remove_dot_segments(path);
  } else if (path.empty()) {
    if (!parts.query) url.query = base.query;
  } else if (path.starts_with('/')) {
    url.path = remove_dot_segments(path);
  } else {
    const std::size_t slash = base.path.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : base.path.substr(0, slash + 1);
    url.path = remove_dot_segments(folder + path);
  }
  set_rest(parts, url);
  return finish(std::move(url));
}

HostAllowList::HostAllowList(std::vector<std::string> entries) {
  for (const std::string& text : entries) {
    std::string_view rest = trim(text);
    Entry entry;
    if (rest.starts_with("*.")) {
      entry.subdomains = true;
      rest.remove_prefix(2);
    }
    if (!set_host_and_port(rest, entry.host, entry.port))
      throw Error(
          ErrorKind::config,
          fmt::format("\"{}\" is not a host that can be allowed: write host, host:port or *.example.com",
                      text));
    entries_.push_back(std::move(entry));
  }
}

std::optional<std::string> HostAllowList::refusal(const Url& url) const {
  if (!url.is_http()) return fmt::format("only http and https addresses are downloaded, not {}:", url.scheme);
  if (!url.userinfo.empty()) return "the address carries a user name; such addresses are not downloaded";
  for (const Entry& entry : entries_) {
    if (entry.port && *entry.port != effective_port(url)) continue;
    const bool matches = entry.subdomains ? url.host.ends_with("." + entry.host) : url.host == entry.host;
    if (matches) return std::nullopt;
  }
  return fmt::format("the host {} is not among the allowed hosts; add it to allowed_hosts if it is right",
                     url.host);
}

bool differs_in_query_only(std::string_view a, std::string_view b) {
  const auto first = parse_url(a);
  const auto second = parse_url(b);
  return first && second && first->query != second->query && first->origin() == second->origin() &&
         first->path == second->path;
}

}  // namespace medimirror
