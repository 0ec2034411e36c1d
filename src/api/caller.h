// Role: one call of the service at a time: address, auth, headers, the request window and retries.
// Place: api/client makes one a run; stream, query and first_media ask through it.
// Threads: the loop's only. Never waits: wake_at() says when advance() has something to do.
// Failure: the constructor throws Error{config} for options that cannot be meant, before anything is sent.
// What goes wrong with a call is its Outcome: the Error it would be for the run, which the asker throws or
// knows better.
// Waits: for the window, as long as a Retry-After says, between tries, and for the first byte; waiting() says so. A
// Retry-After beyond wait_ms_max ends the call at once and is kept in the ledger of requests, so that the next run
// ends as well, without asking. A stream that does not begin within answer_ms_max is asked once more and no further.
// Coding: an answer whose compression cannot be undone is asked for again uncompressed, and so is all that follows;
// a file beside the ledger remembers that for kPlainDays.
// Limits: RetryOptions; the window; kPageBytesMax of a body that is kept; listing_ms_max of all calls.
// Not here: what the bodies say (reply_parser), what an answer means for the run (call_errors).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "api/call_errors.h"
#include "api/client.h"
#include "base/error.h"
#include "base/waiting.h"
#include "http/gzip.h"
#include "http/url.h"

namespace medimirror {

struct Call {
  Request::Method method = Request::Method::post;
  std::string path;  // "/media/query", below base_url
  std::string body;
  // With it the body of a 200 is handed over as it arrives, and there is no limit to the whole time.
  // Returning false ends the transfer.
  std::function<bool(std::string_view)> on_body;
  std::function<bool()> may_hand_over;  // as in Request
};

struct Outcome {
  std::optional<Response> response;  // 200 or 204
  std::optional<Error> error;        // else
  int status = 0;                    // of the last answer; 0: none came
  bool broke_off = false;            // after part of the body had been handed over; it is not asked again
  bool too_slow = false;             // no byte came within the limit
};

class Caller {
 public:
  Caller(const ApiOptions& options, Transport& transport, const Clock& clock);
  ~Caller();
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  // The call before must have ended or been dropped. `pause`: not before so long from now.
  void ask(Call call, Millis pause = Millis(0));
  void drop();  // forgets the call; a transfer under way is aborted

  void advance(SteadyTime now);
  bool handle(Completed& completed);  // true: it was ours, maybe of a dropped call
  std::optional<Outcome> take_outcome();
  SteadyTime wake_at() const { return wake_at_; }
  std::optional<Waiting> waiting() const;

  // Since this caller was made: so long may all that is listed through it take. A sentence, once it took longer.
  std::optional<std::string> out_of_time(SteadyTime now) const;

  std::optional<UnixSeconds> first_date() const { return first_date_; }
  std::uint64_t requests() const { return requests_; }  // sent, retries included
  const ApiOptions& options() const { return options_; }
  const Clock& clock() const { return clock_; }

 private:
  // Outlives the caller while the transport may still hand bytes over.
  struct Sink {
    std::function<bool(std::string_view)> take;
    std::function<bool()> has_room;
    bool took_bytes = false;
    SteadyTime last_byte{};
    std::optional<StreamUnpacker> unpacker;
  };

  Url url_of(const Call& call) const;
  Request make_request();
  void wait_for_window(SteadyTime now, WallTime wall, WallTime when);
  void wait_because(std::string why);
  std::optional<Waiting> waiting_for_answer(SteadyTime now) const;
  void try_again_or_fail(const CallResult& result);
  std::optional<Millis> delay_after(const CallResult& result, const Classified& classified);
  void ask_plainly_from_now_on();
  std::filesystem::path plain_note() const;
  void fail(Error error, int status);
  CallFacts facts() const;

  ApiOptions options_;
  Transport& transport_;
  const Clock& clock_;
  Url base_;            // without a slash at its end
  std::string origin_;  // for sentences
  RateLimiter limiter_;
  std::minstd_rand random_;

  std::optional<Call> call_;
  std::shared_ptr<Sink> sink_;
  int attempt_ = 0;
  bool plainly_ = false;   // no compression is asked for
  std::string waits_why_;  // between two requests; empty: it does not
  SteadyTime waits_since_{}, asked_at_{};
  std::uint64_t requests_ = 0;
  SteadyTime began_at_{};
  WallTime taken_at_{};  // our place in the request window
  RequestId running_ = 0;
  std::vector<RequestId> dropped_;
  SteadyTime wake_at_ = SteadyTime::max();
  std::optional<Outcome> outcome_;
  std::optional<UnixSeconds> first_date_;
};

}  // namespace medimirror
