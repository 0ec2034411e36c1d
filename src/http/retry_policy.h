// Role: the one place that looks at status codes: outcome + attempt -> try again at / give up because. Pure;
// time and randomness are arguments.
// Place: fetch/downloader for pictures, api/client for calls.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/clock.h"
#include "http/transport.h"

namespace medimirror {

enum class Verdict {
  success,       // 200
  not_modified,  // 304
  redirect,      // 301, 302, 303, 307, 308 with a Location
  gone,          // 404, 410: not there, now or for good
  refused,       // 401, 403, 451 and other 4xx that asking again will not change
  try_again,     // 408, 425, 429, 5xx (but 501, 505), broken transfers
};

struct Classified {
  Verdict verdict{};
  bool whole_host = false;  // 429 and 503 may speak of the host, not of this item
  bool ours = false;        // not the server's word: we did not ask, or stopped to listen
  std::optional<std::chrono::seconds> retry_after;
  std::string reason;  // short and stable, for grouping: "http_404", "timeout_stall", "short_body", …
};
Classified classify(const std::variant<Response, TransferFailure>& result, WallTime now);

struct RetryOptions {
  int attempts_max = 5;
  Millis first_delay{1'000};
  Millis delay_max{60'000};
};

// The delay before attempt `attempt + 1` (attempt counts from 1); nothing: give up. Exponential with jitter
// in [0.5, 1] of the step; Retry-After is a floor that delay_max does not cap, with jitter above it, so that
// a thousand waiting items do not return in the same instant. `random` in [0, 1).
std::optional<Millis> retry_delay(const RetryOptions& options, int attempt,
                                  std::optional<std::chrono::seconds> retry_after, double random);

}  // namespace medimirror
