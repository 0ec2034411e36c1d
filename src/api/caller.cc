#include "api/caller.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/reply_parser.h"
#include "base/log.h"

namespace medimirror {

namespace {

constexpr std::string_view kOperation = "call the Medipim API";

[[noreturn]] void refuse_option(std::string sentence) {
  throw Error(ErrorKind::config, std::move(sentence), "check the API settings");
}

Url checked_base_url(const ApiOptions& options) {
  const auto url = parse_url(options.base_url);
  if (!url || !url->is_http())
    refuse_option("api.base_url is not an http(s) address; the one of Belgium is https://api.medipim.be/v4");
  if (!url->userinfo.empty())
    refuse_option(
        "api.base_url must not hold a user or password; set api.key_id and api.secret_file instead");
  if (url->query || url->fragment) refuse_option("api.base_url must end with its path, without ? or #");
  if (url->scheme != "https" && !is_loopback_host(url->host))
    refuse_option(fmt::format(
        "api.base_url must begin with https://: the secret would travel to {} unencrypted", url->host));
  return *url;
}

const ApiOptions& checked(const ApiOptions& options) {
  if (options.key_id.empty())
    refuse_option("the API key id is missing; set api.key_id or MEDIMIRROR_API_KEY_ID");
  if (options.key_id.find(':') != std::string::npos)
    refuse_option("api.key_id must not contain a colon; it is the small number that came with the secret");
  if (options.secret.empty())
    refuse_option("the API secret is missing; set api.secret_file or MEDIMIRROR_API_SECRET");
  if (options.requests_per_minute == 0) refuse_option("api.requests_per_minute must be at least 1");
  static constexpr std::array<std::size_t, 4> kPageSizes{10, 50, 100, 250};
  if (std::ranges::find(kPageSizes, options.page_size) == kPageSizes.end())
    refuse_option(fmt::format("a page of {} items cannot be asked for; the service has 10, 50, 100 and 250",
                              options.page_size));
  const bool breaks_header = options.accept_language.find_first_of("\r\n") != std::string::npos;
  if (breaks_header) refuse_option("api.accept_language must be one line, as in nl,fr,en");
  return options;
}

// What the service itself says, as the end of a sentence.
std::string said(const Response& response) {
  const auto error = parse_service_error(response.body);
  const std::string text = error ? error->text() : std::string();
  return text.empty() ? std::string() : fmt::format("; the service says \"{}\"", text);
}

Error refusal(const Response& response, const std::string& url) {
  const auto make = [&](ErrorKind kind, std::string_view what) {
    return Error(kind, fmt::format("{} ({}){}", what, response.status, said(response)),
                 std::string(kOperation));
  };
  switch (response.status) {
    case 401:
      return make(ErrorKind::auth, "the service refuses the API key: check api.key_id and the secret");
    case 403:
      return make(
          ErrorKind::auth,
          "the API key may not do this: it may have expired, lack the right to read media, or belong to "
          "another market than api.base_url; ask Medipim");
    case 404:
    case 410:
      return make(ErrorKind::config,
                  fmt::format("there is nothing at {}: check api.base_url, it usually ends in /v4", url));
    case 405:
      return make(ErrorKind::config,
                  fmt::format("{} does not take this kind of request: check api.base_url", url));
    case 422:
    case 400:
      return make(ErrorKind::config,
                  "the service does not understand the filter: check the keys under [select]");
    case 501:
    case 505:
      return make(ErrorKind::config, fmt::format("the service does not offer {}: check api.base_url", url));
    default:
      break;
  }
  if (response.status >= 300 && response.status < 400 && response.header("location")) {
    const auto to = parse_url(std::string(response.header("location").value_or("")));
    return make(
        ErrorKind::config,
        fmt::format(
            "{} redirects to {}; the secret is not sent there: set api.base_url to the address of the "
            "API itself",
            url, to ? to->display() : "another address"));
  }
  return make(ErrorKind::network,
              fmt::format("{} gave an answer that makes no sense: is api.base_url right?", url));
}

Error broke_off(const std::variant<Response, TransferFailure>& result) {
  const auto* failure = std::get_if<TransferFailure>(&result);
  const std::string why =
      failure ? fmt::format("{}, {}", name_of(failure->error), failure->detail) : "wrong status";
  return Error(ErrorKind::network, fmt::format("the connection broke ({})", why), std::string(kOperation));
}

// A network that is down comes back by itself; a certificate that is wrong does not.
bool may_work_later(TransferError error) {
  return error != TransferError::tls && error != TransferError::protocol &&
         error != TransferError::address_refused;
}

Error gave_up(const std::variant<Response, TransferFailure>& result, const std::string& origin,
              int attempts) {
  if (const auto* failure = std::get_if<TransferFailure>(&result))
    return Error(
        may_work_later(failure->error) ? ErrorKind::unavailable : ErrorKind::network,
        fmt::format("{} cannot be reached ({}: {}, {} attempts): check the network, the proxy settings and "
                    "api.base_url, or try again later",
                    origin, name_of(failure->error), failure->detail, attempts),
        std::string(kOperation));
  const auto& response = std::get<Response>(result);
  if (response.status == 429)
    return Error(
        ErrorKind::unavailable,
        fmt::format("the service keeps saying that we ask too often (429, {} attempts): another program may "
                    "use the same key; lower api.requests_per_minute, or try again later{}",
                    attempts, said(response)),
        std::string(kOperation));
  return Error(ErrorKind::unavailable,
               fmt::format("the service is down ({}, {} attempts): try again later{}", response.status,
                           attempts, said(response)),
               std::string(kOperation));
}

}  // namespace

Caller::Caller(const ApiOptions& options, Transport& transport, const Clock& clock)
    : options_(checked(options)),
      transport_(transport),
      clock_(clock),
      limiter_({options.requests_per_minute, options.request_ledger}),
      random_(std::random_device{}()) {
  const Url url = checked_base_url(options_);
  base_ = url.text();
  while (base_.ends_with('/')) base_.pop_back();
  origin_ = url.origin();
}

Caller::~Caller() {
  drop();
}

void Caller::ask(Call call, Millis pause) {
  drop();
  call_ = std::move(call);
  attempt_ = 0;
  wake_at_ = clock_.steady_now() + pause;
}

void Caller::drop() {
  if (sink_) sink_->take = nullptr;
  sink_.reset();
  if (running_ != 0) {
    dropped_.push_back(running_);
    transport_.abort(running_);
  }
  running_ = 0;
  call_.reset();
  outcome_.reset();
  wake_at_ = SteadyTime::max();
}

void Caller::advance(SteadyTime now) {
  if (!call_ || running_ != 0 || now < wake_at_) return;
  if (!transport_.can_start(base_)) {
    wake_at_ = now + Millis(100);
    return;
  }
  const WallTime wall = clock_.wall_now();
  if (const auto when = limiter_.try_take(wall)) {
    log_debug("the request window is full, next request in {} ms", (*when - wall).count());
    wake_at_ = now + std::max(*when - wall, Millis(1));
    return;
  }
  taken_at_ = wall;
  ++attempt_;
  ++requests_;
  wake_at_ = SteadyTime::max();
  running_ = transport_.start(make_request());
}

Request Caller::make_request() {
  sink_.reset();
  Request request;
  request.method = call_->method;
  request.url = base_ + call_->path;
  request.headers = {"Accept: application/json", "Accept-Language: " + options_.accept_language};
  if (call_->method == Request::Method::post) {
    request.headers.emplace_back("Content-Type: application/json");
    request.body = call_->body;
  }
  request.auth = BasicAuth{options_.key_id, options_.secret};
  request.accept_compression = options_.compression;
  request.allow_private_address = true;  // this address is the user's own word, not the catalogue's
  request.stall_ms_max = options_.stall_ms_max;
  if (call_->on_body) {
    request.total_ms_max = Millis(0);
    auto sink = std::make_shared<Sink>(Sink{call_->on_body, false});
    // shared: the transport may hand over bytes after the call was dropped
    request.on_body = [sink](std::string_view bytes) {
      sink->took_bytes = sink->took_bytes || !bytes.empty();
      return sink->take && sink->take(bytes);
    };
    sink_ = std::move(sink);
  }
  return request;
}

bool Caller::handle(Completed& completed) {
  if (const auto found = std::ranges::find(dropped_, completed.id); found != dropped_.end()) {
    dropped_.erase(found);
    return true;
  }
  if (running_ == 0 || completed.id != running_) return false;
  running_ = 0;
  limiter_.answered(taken_at_, clock_.wall_now());
  if (auto* response = std::get_if<Response>(&completed.result)) {
    if (!first_date_)
      if (const auto date = response->header("date")) first_date_ = parse_http_date(*date);
    if (response->status == 200 || response->status == 204) {
      Outcome outcome;
      outcome.status = response->status;
      outcome.response = std::move(*response);
      outcome_ = std::move(outcome);
      call_.reset();
      return true;
    }
  }
  try_again_or_fail(completed.result);
  return true;
}

void Caller::try_again_or_fail(const std::variant<Response, TransferFailure>& result) {
  const auto* response = std::get_if<Response>(&result);
  const int status = response ? response->status : std::get<TransferFailure>(result).status;
  if (sink_ && sink_->took_bytes) {
    fail(broke_off(result), status);
    outcome_->broke_off = true;
    return;
  }
  Classified classified = classify(result, clock_.wall_now());
  if (classified.verdict != Verdict::try_again) {
    fail(response ? refusal(*response, base_ + call_->path) : gave_up(result, origin_, attempt_), status);
    return;
  }
  // The window of the service is a minute long: without its word, four tries are to outlast it.
  if (status == 429 && !classified.retry_after)
    classified.retry_after = std::chrono::ceil<std::chrono::seconds>(
        std::min(15 * options_.retry.first_delay, options_.retry.delay_max));
  const double random = std::generate_canonical<double, 32>(random_);
  const auto delay = retry_delay(options_.retry, attempt_, classified.retry_after, random);
  if (status == 429)
    limiter_.pause_until(clock_.wall_now() + delay.value_or(Millis(classified.retry_after.value())));
  if (!delay) {
    fail(gave_up(result, origin_, attempt_), status);
    return;
  }
  log_info("{} of {}: attempt {} ended with {}, the next in {} ms", call_->path, origin_, attempt_,
           classified.reason, delay->count());
  wake_at_ = clock_.steady_now() + *delay;
}

void Caller::fail(Error error, int status) {
  Outcome outcome;
  outcome.error = std::move(error);
  outcome.status = status;
  outcome_ = std::move(outcome);
  call_.reset();
}

std::optional<Outcome> Caller::take_outcome() {
  return std::exchange(outcome_, std::nullopt);
}

}  // namespace medimirror
