#include "http/curl_transport.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "http/curl_transfer.h"
#include "http/proxy.h"
#include "http/url.h"

namespace medimirror {

namespace {

constexpr long kReceiveBufferBytes = 256 * 1024;
constexpr Millis kPollMax{60'000};

// HTTP/2 errors of an origin against its successes: after four in a row, or more than one in nine for long,
// the origin is asked over HTTP/1.1, where a connection that breaks takes one request along and not all.
constexpr int kHttp2ErrorWeight = 8;
constexpr int kHttp2ErrorsMax = 4 * kHttp2ErrorWeight;
constexpr int kHttp1ErrorsMax = 3;
constexpr int kNotOverHttp1[] = {400, 421, 426, 464, 505};

void initialise_libcurl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK)
    throw Error(ErrorKind::internal, fmt::format("libcurl cannot be used: {}", curl_easy_strerror(code)),
                "start libcurl");
  static const bool resolves_aside =
      (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS) != 0;
  if (!resolves_aside)
    log_warning("this libcurl resolves names in the foreground: downloads will halt during each look-up");
}

void check(CURLMcode code, std::string_view operation) {
  if (code != CURLM_OK)
    throw Error(ErrorKind::internal,
                fmt::format("libcurl cannot {}: {}", operation, curl_multi_strerror(code)),
                std::string(operation));
}

std::string environment(const char* first, const char* second) {
  for (const char* name : {first, second})
    if (const char* value = std::getenv(name); value && *value) return value;
  return {};
}

// A cap is kept by not reading: the kernel's buffers fill and TCP slows the servers down. A round of reading takes what
// these buffers hold, so with a cap they are small enough for a round of all connections to be worth some seconds.
void set_buffer_sizes(const CurlTransportOptions& options, CurlSettings& settings) {
  settings.receive_buffer_bytes = kReceiveBufferBytes;
  if (options.bytes_per_second_max == 0) return;
  const std::uint64_t share =
      2 * options.bytes_per_second_max / std::max<std::size_t>(options.requests_max, 1);
  settings.receive_buffer_bytes =
      static_cast<long>(std::clamp<std::uint64_t>(share, 4096, kReceiveBufferBytes));
  settings.socket_buffer_bytes = static_cast<int>(settings.receive_buffer_bytes);
}

// Bytes that may be read now; may go below nothing by what one round of reading brings.
class Throttle {
 public:
  explicit Throttle(std::uint64_t bytes_per_second) : rate_(static_cast<double>(bytes_per_second)) {}

  void took(std::uint64_t bytes) { budget_ -= static_cast<double>(bytes); }

  // When reading may go on; at or before `now`: at once.
  SteadyTime ready_at(SteadyTime now) {
    if (rate_ <= 0) return now;
    const double passed = std::chrono::duration<double>(now - filled_at_).count();
    budget_ = std::min(budget_ + passed * rate_, rate_ / 4);  // at most a quarter second's worth is saved up
    filled_at_ = now;
    if (budget_ >= 0) return now;
    return now + std::chrono::ceil<std::chrono::nanoseconds>(std::chrono::duration<double>(-budget_ / rate_));
  }

 private:
  double rate_;
  double budget_ = 0;
  SteadyTime filled_at_ = std::chrono::steady_clock::now();
};

std::string detail_of(TransferError limit) {
  switch (limit) {
    case TransferError::timeout_connect:
      return "no connection within the time limit";
    case TransferError::timeout_stall:
      return "the server sent (almost) nothing for too long";
    default:
      return "the transfer took longer than its limit";
  }
}

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(const CurlTransportOptions& options);
  ~CurlTransport() override;

  bool can_start(const Url& url) const override;
  RequestId start(Request request) override;
  std::vector<Completed> wait(SteadyTime deadline) override;
  void abort(RequestId id) override;
  void wake() override;

 private:
  struct Origin {
    std::size_t running = 0;
    int http2_errors = 0;  // weighted, see kHttp2ErrorsMax
    enum class Http1 { unasked, on_trial, works, never } http1 = Http1::unasked;
    int http1_errors = 0;  // on trial, in a row
    bool http1_only() const { return http1 == Http1::on_trial || http1 == Http1::works; }
  };
  struct Slot {
    CurlTransfer transfer;
    std::string_view origin_name;
    Origin* origin = nullptr;
    std::uint64_t bytes_counted = 0;
    bool reads = true;  // false: halted by the cap
    explicit Slot(const CurlSettings& settings) : transfer(settings) {}
  };

  Slot& take_slot();
  void give_back(Slot* slot);
  void hand_over_the_held_back();
  void work();
  void collect(CURL* handle, CURLcode code);
  void learn_http2(Slot& slot, const Completed& completed);
  void learn_http1(Slot& slot, const Completed& completed);
  void enforce_limits(SteadyTime now);
  void count_bytes();
  bool any_unpaced() const;
  void pace(bool may_read);
  void sleep(SteadyTime until, bool reading);
  bool take_wake();

  CurlTransportOptions options_;
  CurlSettings settings_;
  ProxySettings proxies_ = ProxySettings::from_environment();
  Throttle throttle_;
  UniqueFd wake_fd_;
  struct Cleanup {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };
  std::unique_ptr<CURLM, Cleanup> multi_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Slot*> idle_, running_;
  std::unordered_map<std::string, Origin> origins_;
  std::vector<Completed> completed_;
  SteadyTime next_check_ = SteadyTime::max();
  bool handed_over_ = false;  // a piece of a body, since wait() last returned
  RequestId last_id_ = 0;
};

CurlTransport::CurlTransport(const CurlTransportOptions& options)
    : options_(options), throttle_(options.bytes_per_second_max) {
  initialise_libcurl();
  settings_.user_agent = options.user_agent;
  settings_.ca_file = environment("CURL_CA_BUNDLE", "SSL_CERT_FILE");
  settings_.ca_folder = environment("SSL_CERT_DIR", "SSL_CERT_DIR");
  set_buffer_sizes(options, settings_);
  // Our own, not curl_multi_wakeup: it must also end the sleep of a throttled transport, which polls no
  // sockets.
  wake_fd_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_fd_) throw_errno(errno, "make an eventfd");
  multi_.reset(curl_multi_init());
  if (!multi_)
    throw Error(ErrorKind::internal, "libcurl gives no multi handle: is memory short?", "start libcurl");
  // The automatic size, four times the transfers just then, drops warm connections whenever few are running.
  check(curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(options.requests_max)),
        "be configured");
}

CurlTransport::~CurlTransport() {
  for (Slot* slot : running_) curl_multi_remove_handle(multi_.get(), slot->transfer.handle());
}

bool CurlTransport::can_start(const Url& url) const {
  if (running_.size() >= options_.requests_max) return false;
  const auto origin = origins_.find(url.origin());
  return origin == origins_.end() || origin->second.running < options_.connections_per_host;
}

CurlTransport::Slot& CurlTransport::take_slot() {
  if (idle_.empty()) {
    slots_.push_back(std::make_unique<Slot>(settings_));
    idle_.push_back(slots_.back().get());
  }
  Slot* const slot = idle_.back();
  idle_.pop_back();
  return *slot;
}

RequestId CurlTransport::start(Request request) {
  assert(running_.size() < options_.requests_max);
  const RequestId id = ++last_id_;
  if (!request.url.is_http()) {
    completed_.emplace_back().id = id;
    completed_.back().result.emplace<TransferFailure>(
        TransferFailure{TransferError::protocol, "this is not an http or https address", 0, 0});
    return id;
  }
  if (request.on_body)
    request.on_body = [this, on_body = std::move(request.on_body)](std::string_view bytes) {
      handed_over_ = true;
      return on_body(bytes);
    };
  const SteadyTime now = std::chrono::steady_clock::now();
  auto& [name, origin] = *origins_.try_emplace(request.url.origin()).first;
  Slot& slot = take_slot();
  const bool http2 = options_.http2 && !origin.http1_only();
  const std::string& proxy = proxies_.proxy_for(request.url);
  auto refused = slot.transfer.begin(id, std::move(request), proxy, http2, now);
  if (refused) {
    completed_.push_back(slot.transfer.finish_as(refused->error, std::move(refused->detail)));
    idle_.push_back(&slot);
    return id;
  }
  check(curl_multi_add_handle(multi_.get(), slot.transfer.handle()), "start a transfer");
  slot.origin_name = name;
  slot.origin = &origin;
  slot.bytes_counted = 0;
  slot.reads = true;
  ++origin.running;
  running_.push_back(&slot);
  next_check_ = std::min(next_check_, slot.transfer.next_check(now));
  return id;
}

// Takes the slot out of the running ones; its transfer must still be finished.
void CurlTransport::give_back(Slot* slot) {
  if (!slot->reads || slot->transfer.held_back()) slot->transfer.stop_halting();  // the handle is used again
  curl_multi_remove_handle(multi_.get(), slot->transfer.handle());
  --slot->origin->running;
  std::erase(running_, slot);
  idle_.push_back(slot);
}

void CurlTransport::abort(RequestId id) {
  const auto found =
      std::ranges::find_if(running_, [id](const Slot* slot) { return slot->transfer.id() == id; });
  if (found == running_.end()) return;
  Slot* const slot = *found;
  give_back(slot);
  completed_.push_back(slot->transfer.finish_as(TransferError::aborted, "the request was called off"));
}

void CurlTransport::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored =
      ::write(wake_fd_.get(), &one, sizeof one);  // full means it is awake anyway
}

bool CurlTransport::take_wake() {
  std::uint64_t count = 0;
  return ::read(wake_fd_.get(), &count, sizeof count) == sizeof count;
}

// ---------------------------------------------------------------- the loop

std::vector<Completed> CurlTransport::wait(SteadyTime deadline) {
  for (;;) {
    SteadyTime now = std::chrono::steady_clock::now();
    hand_over_the_held_back();
    const SteadyTime ready_at = throttle_.ready_at(now);
    const bool may_read = ready_at <= now;
    pace(may_read);
    const bool reading = may_read || any_unpaced();
    if (reading) work();
    if (now >= next_check_) enforce_limits(now);
    const bool news = !completed_.empty() || std::exchange(handed_over_, false);
    const bool held_back =
        std::ranges::any_of(running_, [](const Slot* s) { return s->transfer.held_back(); });
    if (news || held_back || take_wake() || now >= deadline) return std::exchange(completed_, {});
    sleep(std::min({deadline, next_check_, may_read ? SteadyTime::max() : ready_at}), reading);
    if (!may_read) {
      now = std::chrono::steady_clock::now();
      for (Slot* slot : running_)
        if (slot->transfer.is_paced()) slot->transfer.forgive_stall(now);
    }
  }
}

// Who held them back has had its turn since.
void CurlTransport::hand_over_the_held_back() {
  const std::vector<Slot*> running = running_;
  for (Slot* slot : running)
    if (slot->transfer.held_back())
      if (const CURLcode code = slot->transfer.hand_over(); code != CURLE_OK)
        collect(slot->transfer.handle(), code);
}

void CurlTransport::work() {
  int still_running = 0;
  check(curl_multi_perform(multi_.get(), &still_running), "transfer");
  if (options_.bytes_per_second_max > 0) count_bytes();
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left))
    if (message->msg == CURLMSG_DONE) collect(message->easy_handle, message->data.result);
}

void CurlTransport::count_bytes() {
  for (Slot* slot : running_) {
    if (!slot->transfer.is_paced()) continue;
    const std::uint64_t bytes = slot->transfer.bytes_received();
    throttle_.took(bytes - std::exchange(slot->bytes_counted, bytes));
  }
}

bool CurlTransport::any_unpaced() const {
  return std::ranges::any_of(running_, [](const Slot* slot) { return !slot->transfer.is_paced(); });
}

// While nothing may be read, nothing at all is done, unless there are requests that the cap is not for: then the
// others are halted one by one.
void CurlTransport::pace(bool may_read) {
  if (options_.bytes_per_second_max == 0) return;
  const bool halt = !may_read && any_unpaced();
  for (Slot* slot : running_) {
    if (!slot->transfer.is_paced() || (slot->reads && !halt)) continue;
    slot->reads = may_read;
    slot->transfer.set_reading(may_read);
  }
}

void CurlTransport::collect(CURL* handle, CURLcode code) {
  const auto found =
      std::ranges::find_if(running_, [handle](const Slot* s) { return s->transfer.handle() == handle; });
  assert(found != running_.end());
  Slot* const slot = *found;
  const bool http2 = slot->transfer.used_http2();
  give_back(slot);
  const std::exception_ptr exception = slot->transfer.take_exception();
  Completed completed = slot->transfer.finish(code);
  if (exception) std::rethrow_exception(exception);
  http2 ? learn_http2(*slot, completed) : learn_http1(*slot, completed);
  completed_.push_back(std::move(completed));
}

void CurlTransport::learn_http2(Slot& slot, const Completed& completed) {
  Origin& origin = *slot.origin;
  const auto* failure = std::get_if<TransferFailure>(&completed.result);
  if (failure == nullptr) {
    origin.http2_errors = std::max(0, origin.http2_errors - 1);
    return;
  }
  const bool of_the_protocol = failure->error == TransferError::not_processed ||
                               failure->error == TransferError::short_body ||
                               failure->error == TransferError::reset;
  if (!of_the_protocol || origin.http1 != Origin::Http1::unasked) return;
  origin.http2_errors += kHttp2ErrorWeight;
  if (origin.http2_errors < kHttp2ErrorsMax) return;
  origin.http1 = Origin::Http1::on_trial;
  log_info("{} keeps breaking off over HTTP/2 ({}): it is asked over HTTP/1.1 from now on", slot.origin_name,
           failure->detail);
}

// There are servers that speak HTTP/2 alone: when what first comes over HTTP/1.1 is, three times, no answer to the question,
// it was the wrong remedy, and is not tried again. 426 and 505 mean just that; 400, 421 and 464 are what proxies say.
void CurlTransport::learn_http1(Slot& slot, const Completed& completed) {
  Origin& origin = *slot.origin;
  if (origin.http1 != Origin::Http1::on_trial) return;
  const auto* response = std::get_if<Response>(&completed.result);
  const bool works =
      response != nullptr && std::ranges::find(kNotOverHttp1, response->status) == std::end(kNotOverHttp1);
  if (!works && ++origin.http1_errors < kHttp1ErrorsMax) return;
  origin.http1 = works ? Origin::Http1::works : Origin::Http1::never;
  if (!works) log_info("{} does not answer over HTTP/1.1: it is asked over HTTP/2 again", slot.origin_name);
}

void CurlTransport::enforce_limits(SteadyTime now) {
  next_check_ = SteadyTime::max();
  for (std::size_t i = 0; i < running_.size();) {
    Slot* const slot = running_[i];
    if (const auto limit = slot->transfer.passed_limit(now)) {
      give_back(slot);
      const bool http2 = slot->transfer.used_http2();
      completed_.push_back(slot->transfer.finish_as(*limit, detail_of(*limit)));
      if (!http2) learn_http1(*slot, completed_.back());
    } else {
      next_check_ = std::min(next_check_, slot->transfer.next_check(now));
      ++i;
    }
  }
}

void CurlTransport::sleep(SteadyTime until, bool reading) {
  const SteadyTime now = std::chrono::steady_clock::now();
  if (until <= now) return;
  const Millis span = until - now < kPollMax ? std::chrono::ceil<Millis>(until - now) : kPollMax;
  const int timeout_ms = static_cast<int>(span.count());
  if (reading) {
    curl_waitfd wake{wake_fd_.get(), CURL_WAIT_POLLIN, 0};
    check(curl_multi_poll(multi_.get(), &wake, 1, timeout_ms, nullptr), "wait");
  } else {
    pollfd wake{wake_fd_.get(), POLLIN, 0};
    ::poll(&wake, 1, timeout_ms);
  }
}

}  // namespace

std::unique_ptr<Transport> make_curl_transport(const CurlTransportOptions& options) {
  return std::make_unique<CurlTransport>(options);
}

}  // namespace medimirror
