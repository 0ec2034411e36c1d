// Role: URLs: parse, resolve a reference against a base (RFC 3986 §5), encode, allow-list, show without
// secrets. Pure.
// Limits: a URL longer than 8 KB, with control characters or with a space in its authority is not a URL.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace medimirror {

struct Url {
  std::string scheme;    // lower case: "https"
  std::string userinfo;  // "user:password", usually empty
  std::string host;      // lower case; an IPv6 address keeps its brackets
  std::optional<std::uint16_t> port;
  std::string path;                  // starts with "/" when there is a host
  std::optional<std::string> query;  // without "?"
  std::optional<std::string> fragment;

  std::string text() const;  // whole, for the wire (fragment left out, userinfo kept out as well)
  std::string display()
      const;  // for people: no userinfo; query values that look like keys or signatures replaced by "…"
  std::string origin() const;  // "https://host:port", default port left out: the key of per-host state
  bool is_http() const;        // scheme http or https, with a host
};

std::optional<Url> parse_url(std::string_view text);  // absolute only

// RFC 3986 §5.2.2; characters that may not stand in a URL (spaces, UTF-8, …) are percent-encoded, existing
// escapes kept.
std::optional<Url> resolve_url(const Url& base, std::string_view reference);

// What may be downloaded: http(s) only, no userinfo, the host is on the list. An entry is "host", "host:port"
// or
// "*.example.com" (what is below that name, not the name itself). An entry without a port means every port.
class HostAllowList {
 public:
  explicit HostAllowList(std::vector<std::string> entries);  // throws Error{config} for what is no such entry
  // Nothing: allowed. Else the reason, as a sentence.
  std::optional<std::string> refusal(const Url& url) const;

 private:
  struct Entry {
    std::string host;
    std::optional<std::uint16_t> port;
    bool subdomains = false;
  };
  std::vector<Entry> entries_;
};

// Same URL but for the query string: the picture is probably the same, ask conditionally.
bool differs_in_query_only(std::string_view a, std::string_view b);

// Loopback, private (RFC 1918, 4193), link-local, unspecified, multicast, carrier-grade NAT, IPv4-mapped
// forms of them. A text that is no address is not private: ask is_private_host about hosts.
bool is_private_address(std::string_view ip);
// The same for a URL's host before any name is resolved: also "localhost" and the odd ways to write an IPv4
// address (2130706433, 0x7f.1, 0177.0.0.1). A name may still resolve to a private address: the transport
// checks each connection.
bool is_private_host(std::string_view host);
// Strict: only the plain forms, so that a secret in the clear cannot leave this machine by a trick of
// notation.
bool is_loopback_host(
    std::string_view host);  // "localhost", 127.0.0.0/8, [::1]: where a secret may travel in the clear

}  // namespace medimirror
