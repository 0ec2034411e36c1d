// Role: Transport over one libcurl multi handle: HTTP/2 where offered, else a pool of kept-alive connections.
// Threads: as transport.h says; libcurl is initialised by the first transport of the process.
// Limits: `requests_max` requests in all, `connections_per_host`; easy handles are recycled, bodies bounded.
// Format: environment respected: http_proxy, https_proxy, no_proxy (libcurl), CURL_CA_BUNDLE, SSL_CERT_FILE,
// SSL_CERT_DIR.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "http/transport.h"

namespace medimirror {

struct CurlTransportOptions {
  std::string user_agent;  // "medimirror/0.1.0 (webmaster@example.com)"
  std::size_t connections_per_host = 16;
  std::size_t requests_max = 64;
  std::uint64_t bytes_per_second_max = 0;  // of all requests that are paced, together; 0: no cap
  bool http2 = true;
};

std::unique_ptr<Transport> make_curl_transport(const CurlTransportOptions& options);

}  // namespace medimirror
