#include "api/caller.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/file.h"
#include "base/log.h"
#include "base/units.h"

namespace medimirror {

namespace {

constexpr int kSlowAttemptsMax = 2;
constexpr std::uint64_t kPageBytesMax = std::uint64_t{16} << 20;  // ten times what 250 rich products need
constexpr Millis kUsualAnswer{5'000};                             // what takes longer is said
constexpr UnixSeconds kPlainDays = 30;

// Whether that was noted in the last days: a service may learn.
bool was_noted(const std::filesystem::path& note, UnixSeconds now) {
  if (note.empty() || !std::filesystem::exists(note)) return false;
  try {
    const UnixSeconds age = now - std::atoll(read_file(note).c_str());
    return age >= 0 && age < kPlainDays * 86'400;
  } catch (const Error&) {
    return false;
  }
}

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

}  // namespace

Caller::Caller(const ApiOptions& options, Transport& transport, const Clock& clock)
    : options_(checked(options)),
      transport_(transport),
      clock_(clock),
      base_(checked_base_url(options)),
      origin_(base_.origin()),
      limiter_({options.requests_per_minute, options.request_ledger}),
      random_(std::random_device{}()),
      began_at_(clock.steady_now()) {
  while (base_.path.ends_with('/')) base_.path.pop_back();
  plainly_ = !options_.compression || was_noted(plain_note(), clock_.unix_now());
}

Caller::~Caller() {
  drop();
}

void Caller::ask(Call call, Millis pause) {
  drop();
  call_ = std::move(call);
  attempt_ = 0;
  wake_at_ = clock_.steady_now() + pause;
  if (pause.count() > 0) wait_because("it is asked again in a moment");
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
  waits_why_.clear();
  wake_at_ = SteadyTime::max();
}

CallFacts Caller::facts() const {
  return {origin_,
          call_ ? url_of(*call_).text() : base_.text(),
          attempt_,
          plainly_,
          call_ && call_->on_body ? options_.answer_ms_max : Millis(0),
          options_.secret_origin};
}

// ---------------------------------------------------------------- sending

void Caller::advance(SteadyTime now) {
  if (!call_ || running_ != 0 || now < wake_at_) return;
  if (!transport_.can_start(base_)) {
    wake_at_ = now + Millis(100);
    return;
  }
  const WallTime wall = clock_.wall_now();
  if (const auto when = limiter_.try_take(wall)) return wait_for_window(now, wall, *when);
  waits_why_.clear();
  taken_at_ = wall;
  ++attempt_;
  ++requests_;
  asked_at_ = now;
  wake_at_ = SteadyTime::max();
  running_ = transport_.start(make_request());
}

void Caller::wait_for_window(SteadyTime now, WallTime wall, WallTime when) {
  if (when - wall > std::max(options_.wait_ms_max, kRateWindow)) return fail(put_off_call(origin_, when), 0);
  log_debug("the request window is full, next request in {} ms", (when - wall).count());
  wait_because(limiter_.paused_until() > wall
                   ? "it asked for a pause"
                   : fmt::format("it is asked at most {} times a minute (api.requests_per_minute)",
                                 options_.requests_per_minute));
  wake_at_ = now + std::max(when - wall, Millis(1));
}

Url Caller::url_of(const Call& call) const {
  Url url = base_;
  url.path += call.path;
  return url;
}

Request Caller::make_request() {
  sink_.reset();
  Request request;
  request.method = call_->method;
  request.url = url_of(*call_);
  request.headers = {"Accept: application/json", "Accept-Language: " + options_.accept_language};
  if (call_->method == Request::Method::post) {
    request.headers.emplace_back("Content-Type: application/json");
    request.body = call_->body;
  }
  request.auth = BasicAuth{options_.key_id, options_.secret};
  request.accept_compression = !plainly_;
  request.label_is_no_coding =
      plainly_;  // a service that compresses all the same, or says so, is read by its bytes
  request.allow_private_address = true;  // this address is the user's own word, not the catalogue's
  request.body_bytes_max = kPageBytesMax;
  request.paced = false;  // pictures wait for bytes, what names them does not
  request.limits.stall_ms_max = options_.stall_ms_max;
  if (call_->on_body) {
    request.first_byte_ms_max = options_.answer_ms_max;
    request.limits.total_ms_max = Millis(0);
    auto sink = std::make_shared<Sink>();
    sink->take = call_->on_body;
    sink->has_room = call_->may_hand_over;
    if (plainly_) sink->unpacker.emplace();
    // shared: the transport may hand over bytes after the call was dropped
    request.on_body = [sink, &clock = clock_](std::string_view bytes) {
      sink->took_bytes = sink->took_bytes || !bytes.empty();
      sink->last_byte = clock.steady_now();
      if (!sink->take) return false;
      return sink->unpacker ? sink->unpacker->feed(bytes, sink->take) : sink->take(bytes);
    };
    request.may_hand_over = [sink] { return !sink->take || !sink->has_room || sink->has_room(); };
    sink_ = std::move(sink);
  }
  return request;
}

// ---------------------------------------------------------------- waiting

void Caller::wait_because(std::string why) {
  if (waits_why_.empty()) waits_since_ = clock_.steady_now();
  waits_why_ = std::move(why);
}

std::optional<Waiting> Caller::waiting() const {
  const SteadyTime now = clock_.steady_now();
  if (!call_) return std::nullopt;
  if (running_ != 0) return waiting_for_answer(now);
  if (waits_why_.empty()) return std::nullopt;
  return Waiting{origin_, waits_why_, waits_since_, wake_at_, std::nullopt};
}

std::optional<Waiting> Caller::waiting_for_answer(SteadyTime now) const {
  const bool began = sink_ && sink_->took_bytes;
  const SteadyTime since = began ? sink_->last_byte : asked_at_;
  if (now - since < kUsualAnswer) return std::nullopt;
  const Millis limit = sink_ && !began ? options_.answer_ms_max : options_.stall_ms_max;
  return Waiting{
      origin_,
      fmt::format("it {} to {}{}", began ? "halts in its answer" : "has not begun its answer", call_->path,
                  attempt_ > 1 ? fmt::format(", asked {} times", attempt_) : std::string()),
      since, std::nullopt, since + limit};
}

std::optional<std::string> Caller::out_of_time(SteadyTime now) const {
  if (now - began_at_ <= options_.listing_ms_max) return std::nullopt;
  return fmt::format("{} has not brought it to an end in {} (api.listing_timeout)", origin_,
                     format_duration(options_.listing_ms_max));
}

// ---------------------------------------------------------------- what became of it

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

void Caller::try_again_or_fail(const CallResult& result) {
  const auto* response = std::get_if<Response>(&result);
  const auto* failure = std::get_if<TransferFailure>(&result);
  const int status = response ? response->status : failure->status;
  const bool undecoded = failure && failure->error == TransferError::encoding;
  const bool try_plainly = undecoded && !plainly_;
  if (try_plainly) ask_plainly_from_now_on();
  if (sink_ && sink_->took_bytes) {
    fail(sink_->unpacker && sink_->unpacker->damaged() ? damaged_answer() : broken_off_call(result), status);
    outcome_->broke_off = true;
    return;
  }
  if (try_plainly) {
    wake_at_ = clock_.steady_now();
    return;
  }
  const WallTime wall = clock_.wall_now();
  Classified classified = classify(result, wall);
  if (undecoded || classified.verdict != Verdict::try_again)
    return fail(response ? refusal_of_call(*response, facts()) : gave_up_call(result, facts()), status);
  if (classified.retry_after && *classified.retry_after > options_.wait_ms_max) {
    const WallTime until = wall + std::min<Millis>(*classified.retry_after, kRatePauseMax);
    limiter_.pause_until(until);
    return fail(put_off_call(origin_, until), status);
  }
  // The window of the service is a minute long: without its word, four tries are to outlast it.
  if (status == 429 && !classified.retry_after)
    classified.retry_after = std::chrono::ceil<std::chrono::seconds>(
        std::min(15 * options_.retry.first_delay, options_.retry.delay_max));
  const auto delay = delay_after(result, classified);
  if (status == 429) limiter_.pause_until(wall + delay.value_or(Millis(classified.retry_after.value())));
  if (!delay) {
    fail(gave_up_call(result, facts()), status);
    outcome_->too_slow = is_too_slow(result);
    return;
  }
  log_info("{} of {}: attempt {} ended with {}, the next in {} ms", call_->path, origin_, attempt_,
           classified.reason, delay->count());
  wait_because(fmt::format("{} (try {} of {} comes next)",
                           status == 429 ? std::string("it limits how often it is asked (429)")
                           : response    ? fmt::format("it answers {}", status)
                                         : fmt::format("it does not answer ({})", classified.reason),
                           attempt_ + 1, options_.retry.attempts_max));
  wake_at_ = clock_.steady_now() + *delay;
}

std::optional<Millis> Caller::delay_after(const CallResult& result, const Classified& classified) {
  RetryOptions retry = options_.retry;
  // each try leaves the service busy with a whole catalogue
  if (call_->on_body && is_too_slow(result))
    retry.attempts_max = std::min(retry.attempts_max, kSlowAttemptsMax);
  const double random = std::generate_canonical<double, 32>(random_);
  return retry_delay(retry, attempt_, classified.retry_after, random);
}

void Caller::ask_plainly_from_now_on() {
  plainly_ = true;
  log_warning("the compressed answers of {} cannot be undone: it is asked for uncompressed ones from now on",
              origin_);
  if (const std::filesystem::path note = plain_note(); !note.empty()) try {
      replace_file(note, std::to_string(clock_.unix_now()) + "\n");
    } catch (const Error& error) {
      log_warning("this could not be written down, so that the next run finds out again: {}", error.what());
    }
}

std::filesystem::path Caller::plain_note() const {
  std::filesystem::path note = options_.request_ledger;
  if (!note.empty()) note += ".plain";
  return note;
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
