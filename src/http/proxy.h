// Role: which proxy the environment asks for, URL by URL: http_proxy, https_proxy, all_proxy, no_proxy with
// the meaning libcurl gives them. Pure but for from_environment(). Why not left to libcurl: only who knows
// whether a request goes through a proxy knows whose address the connection check sees (curl_transfer.h), and
// the answer must be the same in both places. Here HTTP_PROXY in capitals is ignored, as everywhere: in a CGI
// it would be a header of the visitor.
#pragma once

#include <string>
#include <vector>

#include "http/url.h"

namespace medimirror {

struct ProxySettings {
  std::string http, https, all;     // may hold credentials: for libcurl's eyes only
  std::vector<std::string> direct;  // of no_proxy: "*", "host", ".example.com", "10.0.0.0/8"; lower case

  static ProxySettings from_environment();
  static std::vector<std::string> parse_no_proxy(std::string_view text);

  // Empty: straight to the host.
  const std::string& proxy_for(const Url& url) const;
};

}  // namespace medimirror
