// Role: the wire, behind four verbs, so that everything above can be tested without one.
// Place: api/ and fetch/ start requests; the one loop (pipeline) waits; curl_transport is the real thing, and
// tests/support/fake_transport.h the double that records.
// Threads: all calls from the one thread that owns the transport, but wake(), which any thread may call.
// Failure: what goes wrong with one request is a value (TransferFailure); the transport throws only when it
// is itself unusable.
// Not here: retries, redirects and limits per host (fetch/downloader, api/client). A redirect is an answer
// like any other: whoever asked decides whether the new address may be asked at all.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/secret.h"
#include "http/response.h"
#include "http/room.h"
#include "http/url.h"

namespace medimirror {

using RequestId = std::uint64_t;  // never 0, never used twice

struct BasicAuth {
  std::string user;
  Secret password;
};

struct TimeLimits {
  Millis connect_ms_max{20'000};
  Millis stall_ms_max{30'000};   // this long with (almost) no bytes ends the transfer
  Millis total_ms_max{300'000};  // 0: no limit (a listing stream)
};

struct Request {
  enum class Method { get, post };

  Method method = Method::get;
  Url url;                           // http or https
  std::vector<std::string> headers;  // "Name: value"
  std::string body;                  // of a post
  std::optional<BasicAuth> auth;     // sent to the URL's host, never further: redirects are not followed
  bool accept_compression = false;   // worth it for listings, never for pictures
  bool paced = true;                 // counts, and waits, where bytes a second are capped
  // A picture: the bytes decide, since stores and CDNs label whole ones as UTF-8, none, aws-chunked, or gzip. The body is
  // as sent, but for a whole gzip, which is unpacked; identity is asked for.
  bool label_is_no_coding = false;
  bool allow_private_address = false;  // else an address that is loopback, private or link-local is refused
  bool hash_body = false;              // SHA-256 as the bytes arrive

  std::uint64_t body_bytes_max = 64 * 1024 * 1024;  // more ends the transfer (not with on_body)
  std::shared_ptr<Room> room;                       // where the body is charged; nothing: nowhere

  TimeLimits limits;
  Millis first_byte_ms_max{0};  // as limits.stall_ms_max until the body's first byte; 0: no other than that

  // With it the body is handed over piece by piece as it arrives instead of being kept, only for a 200.
  // Called inside wait(); must not call the transport; returning false ends the transfer.
  std::function<bool(std::string_view)> on_body;
  // Asked before each piece. False: it is held back, and the server with it, until the next wait(). Nothing: never.
  std::function<bool()> may_hand_over;
};

enum class TransferError {
  resolve,  // the name has no address (now)
  connect,  // refused or unreachable
  tls,      // certificate or handshake
  timeout_connect,
  timeout_stall,
  timeout_total,
  reset,            // the connection broke
  encoding,         // the Content-Encoding cannot be undone: to be asked for without one
  short_body,       // fewer bytes than announced, broken chunks, or a stream error of HTTP/2
  not_processed,    // HTTP/2 GOAWAY or REFUSED_STREAM: safe to send again
  too_large,        // body_bytes_max
  address_refused,  // private address that is not allowed
  aborted,          // abort() or on_body said so
  protocol,         // anything else that is not HTTP
};
std::string_view name_of(TransferError error);

struct TransferFailure {
  TransferError error{};
  std::string detail;  // for people; never holds a secret or a URL with credentials
  int status = 0;      // when headers had arrived
  std::uint64_t bytes_received = 0;
};

struct Completed {
  RequestId id = 0;
  std::variant<Response, TransferFailure> result;
};

class Transport {
 public:
  virtual ~Transport() = default;

  // Whether another request for this host may start now (connections a host, requests in all).
  virtual bool can_start(const Url& url) const = 0;

  virtual RequestId start(Request request) = 0;

  // Does network work until a request completed, on_body had something, wake() was called, or the deadline
  // passed. May return with nothing.
  virtual std::vector<Completed> wait(SteadyTime deadline) = 0;

  // Ends the request if it is still running: its Completed comes from the next wait() as `aborted`.
  virtual void abort(RequestId id) = 0;

  // Makes a wait() in another thread return soon. The only call other threads may make.
  virtual void wake() = 0;
};

}  // namespace medimirror
