#include "http/proxy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "base/ascii.h"

namespace medimirror {

namespace {

std::string environment(const char* first, const char* second = nullptr) {
  for (const char* name : {first, second})
    if (const char* value = name ? std::getenv(name) : nullptr; value && *value) return value;
  return {};
}

struct Address {
  std::array<std::uint8_t, 16> bytes{};
  unsigned bits = 0;  // 32 or 128; 0: not an address
};

Address parse_address(std::string_view text) {
  Address address;
  const std::string copy(text);
  if (inet_pton(AF_INET, copy.c_str(), address.bytes.data()) == 1)
    address.bits = 32;
  else if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1)
    address.bits = 128;
  return address;
}

bool is_in_network(const Address& address, std::string_view entry) {
  const std::size_t slash = entry.find('/');
  const Address network = parse_address(entry.substr(0, slash));
  if (address.bits == 0 || address.bits != network.bits) return false;
  unsigned prefix = network.bits;
  if (slash != std::string_view::npos) {
    const auto digits = whole_number<unsigned>(entry.substr(slash + 1));
    if (!digits || *digits > network.bits) return false;
    prefix = *digits;
  }
  for (unsigned bit = 0; bit < prefix; ++bit)
    if ((address.bytes[bit / 8] ^ network.bytes[bit / 8]) & (0x80u >> bit % 8)) return false;
  return true;
}

bool matches(std::string_view host, std::string_view entry) {
  if (entry == "*") return true;
  const bool bracketed = host.starts_with('[');
  if (const Address address = parse_address(bracketed ? host.substr(1, host.size() - 2) : host);
      address.bits != 0)
    return is_in_network(address, entry);
  while (entry.starts_with('.')) entry.remove_prefix(1);
  if (entry.empty() || !host.ends_with(entry)) return false;
  return host.size() == entry.size() || host[host.size() - entry.size() - 1] == '.';
}

}  // namespace

std::vector<std::string> ProxySettings::parse_no_proxy(std::string_view text) {
  std::vector<std::string> entries;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(", \t"), text.size());
    std::string entry(text.substr(0, end));
    std::ranges::transform(entry, entry.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    if (!entry.empty()) entries.push_back(std::move(entry));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return entries;
}

ProxySettings ProxySettings::from_environment() {
  return {environment("http_proxy"), environment("https_proxy", "HTTPS_PROXY"),
          environment("all_proxy", "ALL_PROXY"), parse_no_proxy(environment("no_proxy", "NO_PROXY"))};
}

const std::string& ProxySettings::proxy_for(const Url& url) const {
  static const std::string kNone;
  const std::string& own = url.scheme == "https" ? https : http;
  const std::string& proxy = own.empty() ? all : own;
  if (proxy.empty()) return kNone;
  const bool is_direct =
      std::ranges::any_of(direct, [&](const std::string& entry) { return matches(url.host, entry); });
  return is_direct ? kNone : proxy;
}

}  // namespace medimirror
