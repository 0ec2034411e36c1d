// Role: an answer, and what its headers say, parsed once (RFC 9110). Pure.
// Limits: header values come from outside: each parser bounds what it takes and returns nothing for nonsense.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "http/body.h"

namespace medimirror {

struct Response {
  int status = 0;
  int http_version = 11;                                     // 10, 11, 20
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, in order
  Body body;                                                 // empty when on_body took it
  std::optional<Digest> sha256;                              // of the body, when asked for
  bool length_was_announced = false;  // Content-Length, chunked or HTTP/2: a cut would have been noticed
  std::uint64_t bytes_received = 0;   // on the wire, body only

  // The first value, or nothing. `name` in lower case.
  std::optional<std::string_view> header(std::string_view name) const;
};

// RFC 9110 §10.2.3: seconds or an HTTP-date (relative to `now`); at most a day. Never negative.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view value, WallTime now);

// RFC 9110 §5.6.7: the three date forms.
std::optional<UnixSeconds> parse_http_date(std::string_view value);

// Whether Content-Range says that this part is all there is ("bytes 0-99/100"), and the body is as long.
bool is_whole(const Response& response);

// RFC 9110 §8.8.3: "…" or W/"…". Sent back, anything else may mean something else: `*` matches whatever there is.
bool is_entity_tag(std::string_view value);

struct Validators {
  std::string etag;           // as sent, with quotes and W/; only an entity tag
  std::string last_modified;  // as sent
  bool empty() const { return etag.empty() && last_modified.empty(); }
  bool operator==(const Validators&) const = default;
};
Validators validators_of(const Response& response);
// If-None-Match, If-Modified-Since. An ETag kept by an earlier version may be none: it is not sent.
std::vector<std::string> conditional_headers(const Validators& held);

}  // namespace medimirror
