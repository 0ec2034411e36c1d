// Role: what became of a call of the service, as the Error it would be for the run: sentences that say what to do.
// Place: private to this room; api/caller makes them, and nobody else looks at what a refusal means. Pure.
#pragma once

#include <string>
#include <variant>

#include "base/clock.h"
#include "base/error.h"
#include "http/transport.h"

namespace medimirror {

using CallResult = std::variant<Response, TransferFailure>;

struct CallFacts {
  std::string origin, url;  // "https://api.medipim.be", "https://api.medipim.be/v4/media/stream"
  int attempts = 1;
  bool asked_plainly = false;  // for an answer that is not compressed
  Millis answer_ms_max{0};     // how long the first byte was waited for
  std::string secret_origin;   // where the key's secret was read; empty: not known
};

// An answer that asking again will not change.
Error refusal_of_call(const Response& response, const CallFacts& facts);

// After the last attempt.
Error gave_up_call(const CallResult& result, const CallFacts& facts);

// After part of the answer had been handed over.
Error broken_off_call(const CallResult& result);
Error damaged_answer();  // compressed though we asked for it plain, and not to be undone

// The service wants to be left alone for longer than a run waits.
Error put_off_call(const std::string& origin, WallTime until);

// No byte of an answer came in time, or a gateway says so of the service behind it.
bool is_too_slow(const CallResult& result);

}  // namespace medimirror
