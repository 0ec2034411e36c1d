// A Transport without a wire: tests say what each URL answers and when, and look at what was asked.
//
//   ManualClock clock;
//   FakeTransport transport(clock);
//   transport.on("https://media/1.jpg", fail(TransferError::reset));        // first
//   transport.on("https://media/1.jpg", ok("bytes").after(Millis(200)));    // then; the last reply repeats
//   transport.otherwise(status(404));                                       // any other URL (the default)
//   transport.answer_with([](const Request& r) -> std::optional<Reply> {…});  // asked before all of these
//
// Time: with a ManualClock, wait() moves the clock to the next thing that happens, or to its deadline, and
// never sleeps. Without one it lives in real time and really waits, so that other threads can wake() it
// (pipeline tests). Limits of the real thing are kept: can_start() counts, start() beyond it throws,
// body_bytes_max, the time limits, hash_body and on_body work as in curl_transport.
// Threads: as transport.h says; what was started is for the owning thread.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/sha256.h"
#include "http/transport.h"
#include "http/url.h"
#include "support/manual_clock.h"

namespace medimirror {

// A Response that can be copied, as a script is given again and again.
struct ScriptedResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct Reply {
  struct Piece {
    Millis pause{0};  // since the piece before (or the start)
    std::string bytes;
  };

  std::variant<ScriptedResponse, TransferFailure> result;
  std::vector<Piece>
      pieces;          // handed to on_body one by one before the result; a Response's own body comes last
  Millis delay{0};     // from the last piece (or the start) to the result
  bool never = false;  // goes silent after the pieces: ends by the request's own limits

  Reply after(Millis span) && {
    delay = span;
    return std::move(*this);
  }
  Reply with(std::string name, std::string value) && {
    std::get<ScriptedResponse>(result).headers.emplace_back(std::move(name), std::move(value));
    return std::move(*this);
  }
};

inline Reply status(int code, std::string body = {}) {
  return {ScriptedResponse{code, {}, std::move(body)}, {}, {}, false};
}
inline Reply ok(std::string body) {
  return status(200, std::move(body));
}
inline Reply redirect(std::string location, int code = 302) {
  return status(code).with("location", std::move(location));
}
inline Reply fail(TransferError error, std::string detail = {}) {
  if (detail.empty()) detail = "scripted: " + std::string(name_of(error));
  return {TransferFailure{error, std::move(detail), 0, 0}, {}, {}, false};
}
inline Reply silence() {
  Reply reply = status(200);
  reply.never = true;
  return reply;
}
// A body that arrives piece by piece; `end` says how it ends: ok("") or fail(TransferError::short_body).
inline Reply in_pieces(std::vector<Reply::Piece> pieces, Reply end = ok("")) {
  end.pieces = std::move(pieces);
  return end;
}

class FakeTransport final : public Transport {
 public:
  struct Limits {
    std::size_t per_host = 16;
    std::size_t in_all = 64;
  };
  struct Started {
    RequestId id = 0;
    Request request;
    SteadyTime at{};
  };

  FakeTransport() = default;
  explicit FakeTransport(ManualClock& clock) : clock_(&clock) {}

  // ---- the script
  void on(const std::string& url, Reply reply) { scripts_[url].push_back(std::move(reply)); }
  void otherwise(Reply reply) { otherwise_ = std::move(reply); }
  void answer_with(std::function<std::optional<Reply>(const Request&)> answer) {
    answer_ = std::move(answer);
  }
  void set_limits(Limits limits) { limits_ = limits; }

  // ---- what happened
  const std::vector<Started>& started() const { return started_; }
  std::vector<std::string> urls() const {
    std::vector<std::string> result;
    for (const Started& one : started_) result.push_back(one.request.url.text());
    return result;
  }
  std::size_t count(std::string_view url) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(started_, [url](const Started& one) { return one.request.url.text() == url; }));
  }
  std::size_t in_flight() const { return running_.size(); }
  std::size_t most_in_flight() const { return most_in_flight_; }

  // ---- Transport
  bool can_start(const Url& url) const override {
    if (running_.size() >= limits_.in_all) return false;
    const std::string origin = url.origin();
    const auto same =
        std::ranges::count_if(running_, [&](const Running& one) { return one.origin == origin; });
    return static_cast<std::size_t>(same) < limits_.per_host;
  }

  RequestId start(Request request) override {
    if (!can_start(request.url)) throw std::logic_error("start() beyond can_start(): " + request.url.text());
    const SteadyTime now = this->now();
    Running run;
    run.id = next_id_++;
    run.origin = request.url.origin();
    run.reply = reply_for(request);
    run.started = run.last_byte = now;
    started_.push_back({run.id, request, now});
    run.request = std::move(request);
    run.body = Body(run.request.room);
    schedule(run);
    running_.push_back(std::move(run));
    most_in_flight_ = std::max(most_in_flight_, running_.size());
    return running_.back().id;
  }

  std::vector<Completed> wait(SteadyTime deadline) override {
    for (;;) {
      std::vector<Completed> completed = deliver_due();
      if (!completed.empty() || take_wake()) return completed;
      const SteadyTime next = next_event();
      if (now() >= deadline) return {};
      if (!pass_time(std::min(next, deadline))) return {};
    }
  }

  void abort(RequestId id) override {
    for (Running& run : running_)
      if (run.id == id) {
        run.reply.result = TransferFailure{TransferError::aborted, "aborted", 0, run.received};
        run.reply.pieces.clear();
        run.next_piece = 0;
        run.reply.never = false;
        run.limit.reset();
        run.due = now();
      }
  }

  void wake() override {
    {
      const std::lock_guard lock(mutex_);
      woken_ = true;
    }
    wake_.notify_all();
  }

 private:
  static constexpr SteadyTime kNever = SteadyTime::max();

  struct Running {
    RequestId id = 0;
    std::string origin;
    Request request;
    Reply reply;
    std::size_t next_piece = 0;
    Body body;  // when there is no on_body
    std::uint64_t received = 0;
    SteadyTime started{}, last_byte{}, due{};
    std::optional<TransferError> limit;  // what `due` is, when a limit comes before the next piece
  };

  SteadyTime now() const {
    return clock_ ? clock_->steady_now() : SteadyTime(std::chrono::steady_clock::now());
  }

  Reply reply_for(const Request& request) {
    if (answer_)
      if (auto reply = answer_(request)) return std::move(*reply);
    const auto script = scripts_.find(request.url.text());
    if (script == scripts_.end() || script->second.empty()) return otherwise_;
    Reply reply = script->second.front();
    if (script->second.size() > 1) script->second.pop_front();
    return reply;
  }

  void schedule(Running& run) const {
    const bool piece = run.next_piece < run.reply.pieces.size();
    const SteadyTime from = run.last_byte;
    run.limit.reset();
    run.due = kNever;
    if (piece)
      run.due = from + run.reply.pieces[run.next_piece].pause;
    else if (!run.reply.never)
      run.due = from + run.reply.delay;
    const bool first = run.received == 0 && run.request.first_byte_ms_max.count() > 0;
    limit_by(run, from + (first ? run.request.first_byte_ms_max : run.request.limits.stall_ms_max),
             TransferError::timeout_stall);
    if (run.request.limits.total_ms_max.count() > 0)
      limit_by(run, run.started + run.request.limits.total_ms_max, TransferError::timeout_total);
  }

  static void limit_by(Running& run, SteadyTime at, TransferError error) {
    if (at >= run.due) return;
    run.due = at;
    run.limit = error;
  }

  SteadyTime next_event() const {
    SteadyTime next = kNever;
    for (const Running& run : running_) next = std::min(next, run.due);
    return next;
  }

  std::vector<Completed> deliver_due() {
    std::vector<Completed> completed;
    const SteadyTime now = this->now();
    for (std::size_t i = 0; i < running_.size();) {
      std::optional<Completed> done;
      while (!done && running_[i].due <= now) done = step(running_[i]);
      if (done) {
        completed.push_back(std::move(*done));
        running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
      } else {
        ++i;
      }
    }
    return completed;
  }

  // One piece, or the end.
  std::optional<Completed> step(Running& run) {
    if (run.limit) return failed(run, *run.limit);
    run.last_byte = run.due;
    if (run.next_piece < run.reply.pieces.size()) {
      const std::string bytes = run.reply.pieces[run.next_piece++].bytes;
      if (auto error = take_bytes(run, bytes)) return failed(run, *error);
      schedule(run);
      return std::nullopt;
    }
    if (auto* failure = std::get_if<TransferFailure>(&run.reply.result)) {
      if (failure->bytes_received == 0) failure->bytes_received = run.received;
      return Completed{run.id, std::move(*failure)};
    }
    const ScriptedResponse& scripted = std::get<ScriptedResponse>(run.reply.result);
    if (auto error = take_bytes(run, scripted.body)) return failed(run, *error);
    Response response;
    response.status = scripted.status;
    response.headers = scripted.headers;
    response.length_was_announced = true;
    response.bytes_received = run.received;
    if (run.request.hash_body) response.sha256 = hash_.finish_of(run.id);
    response.body = std::move(run.body);
    response.body.close();
    return Completed{run.id, std::move(response)};
  }

  std::optional<TransferError> take_bytes(Running& run, const std::string& bytes) {
    run.received += bytes.size();
    if (run.request.hash_body) hash_.update_of(run.id, bytes);
    const auto* response = std::get_if<ScriptedResponse>(&run.reply.result);
    const bool handed_over = run.request.on_body && (response == nullptr || response->status == 200);
    if (handed_over) {
      if (!bytes.empty() && !run.request.on_body(bytes)) return TransferError::aborted;
      return std::nullopt;
    }
    run.body.append(bytes);
    if (run.body.size() > run.request.body_bytes_max) return TransferError::too_large;
    return std::nullopt;
  }

  static Completed failed(const Running& run, TransferError error) {
    return {run.id, TransferFailure{error, std::string(name_of(error)), 0, run.received}};
  }

  bool take_wake() {
    const std::lock_guard lock(mutex_);
    return std::exchange(woken_, false);
  }

  // False: woken before `until`.
  bool pass_time(SteadyTime until) {
    if (clock_) {
      if (until == kNever) throw std::logic_error("wait() without a deadline and with nothing to wait for");
      clock_->advance(std::max(Millis(0), std::chrono::ceil<Millis>(until - clock_->steady_now())));
      return true;
    }
    std::unique_lock lock(mutex_);
    const auto woken = [this] { return woken_; };
    if (until == kNever)
      wake_.wait(lock, woken);
    else
      wake_.wait_until(lock, until, woken);
    return !std::exchange(woken_, false);
  }

  struct Hashes {
    std::map<RequestId, Sha256> running;
    void update_of(RequestId id, std::string_view bytes) { running[id].update(bytes); }
    Digest finish_of(RequestId id) {
      const Digest digest = running[id].finish();
      running.erase(id);
      return digest;
    }
  };

  ManualClock* clock_ = nullptr;
  Limits limits_;
  std::map<std::string, std::deque<Reply>> scripts_;
  Reply otherwise_ = status(404);
  std::function<std::optional<Reply>(const Request&)> answer_;
  std::vector<Started> started_;
  std::vector<Running> running_;
  Hashes hash_;
  RequestId next_id_ = 1;
  std::size_t most_in_flight_ = 0;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool woken_ = false;
};

}  // namespace medimirror
