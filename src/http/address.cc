// The questions about addresses that url.h declares. Sources: IANA special-purpose registries for IPv4 and
// IPv6.
#include <arpa/inet.h>

#include <array>
#include <cstdint>
#include <cstring>

#include "http/url.h"

namespace medimirror {

namespace {

struct Ipv4Range {
  std::uint32_t base;
  int bits;
};

constexpr std::uint32_t ipv4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

constexpr std::array kNotPublic{
    Ipv4Range{ipv4(0, 0, 0, 0), 8},       // "this network"; 0.0.0.0 reaches loopback
    Ipv4Range{ipv4(10, 0, 0, 0), 8},      // RFC 1918
    Ipv4Range{ipv4(100, 64, 0, 0), 10},   // carrier-grade NAT
    Ipv4Range{ipv4(127, 0, 0, 0), 8},     // loopback
    Ipv4Range{ipv4(169, 254, 0, 0), 16},  // link-local, and the metadata services of clouds
    Ipv4Range{ipv4(172, 16, 0, 0), 12},   // RFC 1918
    Ipv4Range{ipv4(192, 0, 0, 0), 24},    // IETF protocol assignments
    Ipv4Range{ipv4(192, 168, 0, 0), 16},  // RFC 1918
    Ipv4Range{ipv4(198, 18, 0, 0), 15},   // benchmarking between devices
    Ipv4Range{ipv4(224, 0, 0, 0), 4},     // multicast
    Ipv4Range{ipv4(240, 0, 0, 0), 4},     // reserved, broadcast
};

bool is_private_v4(std::uint32_t address) {
  for (const Ipv4Range& range : kNotPublic)
    if ((address ^ range.base) >> (32 - range.bits) == 0) return true;
  return false;
}

std::uint32_t v4_at(const std::uint8_t* bytes) {
  return ipv4(bytes[0], bytes[1], bytes[2], bytes[3]);
}

bool is_private_v6(const std::array<std::uint8_t, 16>& a) {
  const auto begins = [&a](std::initializer_list<int> prefix) {
    std::size_t i = 0;
    for (const int byte : prefix)
      if (a[i++] != byte) return false;
    return true;
  };
  const bool mapped = begins({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff});
  const bool compatible =
      begins({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});  // also :: and ::1, which lie in 0.0.0.0/8
  const bool nat64 = begins({0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0});
  if (mapped || compatible || nat64) return is_private_v4(v4_at(a.data() + 12));
  if (begins({0x20, 0x02})) return is_private_v4(v4_at(a.data() + 2));  // 6to4
  if (begins({0, 0x64, 0xff, 0x9b, 0, 1})) return true;                 // NAT64 of the local network
  if (begins({0x20, 0x01, 0, 0}) || begins({0x20, 0x01, 0x0d, 0xb8})) return true;  // Teredo, documentation
  return (a[0] & 0xfe) == 0xfc                                                      // unique local
         || (a[0] == 0xfe && a[1] >= 0x80)                                          // link-local, site-local
         || a[0] == 0xff;                                                           // multicast
}

std::string without_brackets(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::string(host.substr(0, host.find('%')));  // a zone does not make an address public
}

}  // namespace

bool is_private_address(std::string_view ip) {
  const std::string text = without_brackets(ip);
  if (in_addr v4{}; inet_pton(AF_INET, text.c_str(), &v4) == 1) return is_private_v4(ntohl(v4.s_addr));
  std::array<std::uint8_t, 16> v6{};
  return inet_pton(AF_INET6, text.c_str(), v6.data()) == 1 && is_private_v6(v6);
}

bool is_private_host(std::string_view host) {
  while (host.ends_with('.')) host.remove_suffix(1);
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  // inet_aton takes what browsers and resolvers take: 2130706433, 0x7f.1, 0177.0.0.1
  if (in_addr v4{}; inet_aton(std::string(host).c_str(), &v4) != 0) return is_private_v4(ntohl(v4.s_addr));
  return is_private_address(host);
}

bool is_loopback_host(std::string_view host) {
  if (host == "localhost") return true;  // libcurl maps this name to loopback itself and asks no resolver
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  const std::string text(bracketed ? host.substr(1, host.size() - 2) : host);
  if (in_addr v4{}; !bracketed && inet_pton(AF_INET, text.c_str(), &v4) == 1)
    return ntohl(v4.s_addr) >> 24 == 127;
  std::array<std::uint8_t, 16> v6{};
  return inet_pton(AF_INET6, text.c_str(), v6.data()) == 1 &&
         v6 == std::array<std::uint8_t, 16>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
}

}  // namespace medimirror
