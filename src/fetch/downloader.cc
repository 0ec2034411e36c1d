#include "fetch/downloader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "base/log.h"
#include "base/units.h"
#include "http/content_digest.h"

namespace medimirror {

namespace {

// Reserved for a body before its size is known; most pictures are smaller. The difference is settled on
// arrival.
constexpr std::int64_t kBytesReserved = 1 << 18;

std::string origin_of(const std::string& url) {
  const std::optional<Url> parsed = parse_url(url);
  return parsed ? parsed->origin() : std::string();
}

std::string display(const std::string& url) {
  const std::optional<Url> parsed = parse_url(url);
  return parsed ? parsed->display() : "(not a URL)";
}

std::string detail_of(const std::variant<Response, TransferFailure>& result, int attempts) {
  const std::string after = attempts > 1 ? fmt::format(" after {} attempts", attempts) : "";
  if (const auto* failure = std::get_if<TransferFailure>(&result))
    return fmt::format("{}{}", failure->detail, after);
  return fmt::format("the server answered {}{}", std::get<Response>(result).status, after);
}

}  // namespace

Downloader::Downloader(Options options, Transport& transport, const Clock& clock, Room& room,
                       std::uint64_t seed)
    : options_(std::move(options)),
      allowed_(options_.allowed_hosts),
      transport_(transport),
      clock_(clock),
      room_(room),
      random_(static_cast<std::minstd_rand::result_type>(seed)),
      retry_budget_(options_.retry_budget_start) {}

void Downloader::add(Download download) {
  Item item;
  item.current_url = download.url;
  item.download = std::move(download);
  const std::optional<Url> url = parse_url(item.current_url);
  if (!url || !url->is_http()) {
    finish(item,
           Refused{"bad_url", fmt::format("\"{}\" is not a URL that can be downloaded", item.current_url)});
    return;
  }
  if (std::optional<std::string> refusal = allowed_.refusal(*url)) {
    finish(item, Refused{"host_not_allowed", std::move(*refusal)});
    return;
  }
  Host& host = hosts_[url->origin()];
  if (host.given_up || draining_) {
    finish(item, Cancelled{});
    return;
  }
  host.ready.push_back(std::move(item));
  ++waiting_;
}

void Downloader::advance() {
  if (draining_) return;
  const SteadyTime now = clock_.steady_now();
  for (auto& [origin, host] : hosts_) {
    if (host.given_up || host.paused_until > now) continue;
    // after a pause one request probes the host before the others follow, each time for another picture: none shall
    // spend its attempts on an outage
    const bool probing = host.failures_in_row >= options_.failures_to_pause;
    for (; !host.retries.empty() && host.retries.top().due <= now; host.retries.pop()) {
      const Item& item = host.retries.top().item;
      probing ? host.ready.push_back(item) : host.ready.push_front(item);
    }
    while (!host.ready.empty() && room_.items > 0 && room_.bytes > 0 && !(probing && host.running > 0) &&
           transport_.can_start(host.ready.front().current_url)) {
      Item item = std::move(host.ready.front());
      host.ready.pop_front();
      --waiting_;
      start(host, std::move(item));
    }
  }
}

void Downloader::start(Host& host, Item item) {
  Request request;
  request.url = item.current_url;
  request.allow_private_address = options_.allow_private_addresses;
  request.hash_body = true;
  request.body_bytes_max = options_.bytes_max;
  request.connect_ms_max = options_.connect_ms_max;
  request.stall_ms_max = options_.stall_ms_max;
  request.total_ms_max = options_.total_ms_max;
  const Validators& held = item.download.validators;
  if (!held.etag.empty()) request.headers.push_back("If-None-Match: " + held.etag);
  if (!held.last_modified.empty()) request.headers.push_back("If-Modified-Since: " + held.last_modified);

  room_.items -= 1;
  room_.bytes -= kBytesReserved;
  if (item.tries == 0) {
    retry_budget_ += options_.retry_budget_share;
  } else if (item.redirects == 0) {
    ++retries_;
  }
  ++item.tries;
  ++requests_;
  ++host.running;
  std::string origin = origin_of(item.current_url);
  const RequestId id = transport_.start(std::move(request));
  running_.emplace(id, std::pair{std::move(origin), std::move(item)});
}

bool Downloader::handle(Completed& completed) {
  const auto found = running_.find(completed.id);
  if (found == running_.end()) return false;
  auto [origin, item] = std::move(found->second);
  running_.erase(found);
  Host& host = hosts_[origin];
  --host.running;
  room_.items += 1;
  room_.bytes += kBytesReserved;

  const WallTime wall = clock_.wall_now();
  Classified verdict = classify(completed.result, wall);
  auto* response = std::get_if<Response>(&completed.result);
  bytes_ += response != nullptr ? response->bytes_received
                                : std::get<TransferFailure>(completed.result).bytes_received;

  std::string disagreement;
  if (verdict.verdict == Verdict::success) {
    if (std::optional<std::string> mismatch = check_content_digest(*response).mismatch) {
      verdict.verdict = Verdict::try_again;
      verdict.reason = "wrong_digest";
      disagreement = std::move(*mismatch);
    }
  }
  // where there is no second try, the body is passed on at once: whoever refuses it can say what it is
  const bool second_try = item.attempt == 1 && options_.retry.attempts_max > 1 && retry_budget_ >= 1;
  if (verdict.verdict == Verdict::success && options_.plausible && second_try &&
      !options_.plausible(response->body)) {
    verdict.verdict = Verdict::try_again;
    verdict.reason = "not_an_image";
  }
  const bool aborted =
      response == nullptr && std::get<TransferFailure>(completed.result).error == TransferError::aborted;
  if (aborted) {
    finish(item, Cancelled{});
    return true;
  }
  note_health(origin, host, verdict, response != nullptr ? response->status : 0);

  switch (verdict.verdict) {
    case Verdict::success: {
      assert(response->sha256.has_value());
      Fetched fetched{std::move(response->body), *response->sha256, validators_of(*response), std::nullopt};
      fetched.last_modified = parse_http_date(fetched.validators.last_modified);
      room_.items -= 1;  // until the writer has it on disk
      room_.bytes -= static_cast<std::int64_t>(fetched.body.size());
      finish(item, std::move(fetched));
      break;
    }
    case Verdict::not_modified:
      finish(item, NotModified{validators_of(*response)});
      break;
    case Verdict::redirect:
      redirect(std::move(item), *response);
      break;
    case Verdict::gone:
      finish(item, Gone{verdict.reason, detail_of(completed.result, item.attempt)});
      break;
    case Verdict::refused:
      finish(item, Refused{verdict.reason, detail_of(completed.result, item.attempt)});
      break;
    case Verdict::try_again:
      try_again(std::move(item), verdict,
                disagreement.empty() ? detail_of(completed.result, item.attempt) : disagreement);
      break;
  }
  return true;
}

void Downloader::redirect(Item item, const Response& response) {
  const std::string_view location = response.header("location").value_or("");
  const std::optional<Url> base = parse_url(item.current_url);
  const std::optional<Url> target = resolve_url(*base, location);
  if (++item.redirects > options_.redirects_max) {
    finish(item,
           Refused{"too_many_redirects", fmt::format("more than {} redirects", options_.redirects_max)});
    return;
  }
  if (!target || !target->is_http()) {
    finish(item, Refused{"bad_redirect", "the server redirects to what is not a web address"});
    return;
  }
  if (base->scheme == "https" && target->scheme != "https") {
    finish(item, Refused{"bad_redirect", "the server redirects from https to plain http"});
    return;
  }
  if (std::optional<std::string> refusal = allowed_.refusal(*target)) {
    finish(item, Refused{"host_not_allowed", fmt::format("redirected: {}", *refusal)});
    return;
  }
  item.current_url = target->text();
  Host& host = hosts_[target->origin()];
  if (host.given_up || draining_) {
    finish(item, Cancelled{});
    return;
  }
  host.ready.push_front(std::move(item));
  ++waiting_;
}

void Downloader::try_again(Item item, const Classified& verdict, const std::string& detail) {
  const auto delay = retry_delay(options_.retry, item.attempt, verdict.retry_after, random());
  const bool affordable = retry_budget_ >= 1;
  if (draining_) {
    finish(item, Cancelled{});
    return;
  }
  if (!delay || !affordable) {
    finish(item, GaveUp{verdict.reason, detail});
    return;
  }
  retry_budget_ -= 1;
  log_debug("{} of media {}: {}, again in {}", item.download.key.format, item.download.key.media,
            verdict.reason, format_duration(*delay));
  ++item.attempt;
  item.redirects = 0;
  item.current_url = item.download.url;
  Host& host = hosts_[origin_of(item.current_url)];  // where it began, not where a redirect led
  if (host.given_up) {
    finish(item, Cancelled{});
    return;
  }
  ++waiting_;
  host.retries.push({clock_.steady_now() + *delay, ++order_, std::move(item)});
}

// What an answer says about the host as a whole.
void Downloader::note_health(const std::string& origin, Host& host, const Classified& verdict, int status) {
  switch (verdict.verdict) {
    case Verdict::success:
    case Verdict::not_modified:
      host.ever_granted = true;
      host.refusals_in_row = host.gone_in_row = 0;
      [[fallthrough]];
    case Verdict::redirect:
      host.failures_in_row = host.pauses_in_row = 0;
      host.failing_since.reset();
      return;
    case Verdict::gone:
      host.failures_in_row = host.pauses_in_row = 0;
      host.failing_since.reset();
      if (++host.gone_in_row >= options_.gone_to_give_up && !host.ever_granted)
        give_up(origin, host,
                fmt::format("every picture asked of {} was answered {}: is media.base_url right?", origin,
                            status),
                false);
      return;
    case Verdict::refused:
      host.failures_in_row = host.pauses_in_row = 0;
      host.failing_since.reset();
      if (++host.refusals_in_row >= options_.refusals_to_give_up && !host.ever_granted)
        give_up(origin, host,
                fmt::format(
                    "every picture asked of {} was refused with {}: is the User-Agent (the contact in the "
                    "configuration) allowed there?",
                    origin, status),
                false);
      return;
    case Verdict::try_again:
      break;
  }
  if (verdict.reason == "not_an_image" || verdict.reason == "wrong_digest") return;  // the host works

  ++host.failures_in_row;
  const SteadyTime now = clock_.steady_now();
  if (!host.failing_since) host.failing_since = now;
  const bool paused_already = host.paused_until > now;  // by one that was under way at the same time
  bool told_how_long = false;
  if (verdict.whole_host) {
    const auto asked = verdict.retry_after.value_or(std::chrono::seconds(0));
    told_how_long = asked > std::chrono::seconds(0);
    if (told_how_long) {
      // a tenth of jitter above what was asked, so that many mirrors do not come back in the same second
      const auto span = std::chrono::duration_cast<Millis>(asked);
      pause(host,
            span + Millis(static_cast<std::int64_t>(random() * 0.1 * static_cast<double>(span.count()))),
            fmt::format("it asked to be left alone ({})", verdict.reason));
      host.asked_to_wait_until = std::max(host.asked_to_wait_until, clock_.wall_now() + span);
      if (span > options_.outage_ms_max) {
        give_up(origin, host,
                fmt::format("{} asks to be left alone for {}: run again after that", origin,
                            format_duration(span)),
                true);
        return;
      }
    } else {
      pause(host, options_.retry.first_delay,
            fmt::format("it limits how often it is asked ({})", verdict.reason));
    }
  }
  if (host.failures_in_row >= options_.failures_to_pause && !paused_already && !told_how_long) {
    const auto step = options_.retry.first_delay * (1 << std::min(host.pauses_in_row++, 6));
    pause(host, std::min<Millis>(step, options_.retry.delay_max),
          fmt::format("it fails each request ({})", verdict.reason));
  }
  if (host.failures_in_row >= options_.failures_to_pause &&
      now - *host.failing_since > options_.outage_ms_max)
    give_up(origin, host,
            fmt::format("{} has failed every request for {} ({}): run again later", origin,
                        format_duration(std::chrono::duration_cast<Millis>(now - *host.failing_since)),
                        verdict.reason),
            true);
}

void Downloader::pause(Host& host, Millis span, std::string why) {
  const SteadyTime now = clock_.steady_now();
  if (host.paused_until <= now) host.paused_since = now;
  host.paused_because = std::move(why);
  host.paused_until = std::max(host.paused_until, now + span);
}

std::vector<Waiting> Downloader::waiting() const {
  std::vector<Waiting> all;
  const SteadyTime now = clock_.steady_now();
  for (const auto& [origin, host] : hosts_) {
    if (host.given_up || host.paused_until <= now || (host.ready.empty() && host.retries.empty())) continue;
    Waiting& waiting =
        all.emplace_back(Waiting{origin, host.paused_because, host.paused_since, host.paused_until, {}});
    if (host.failing_since) waiting.gives_up = *host.failing_since + options_.outage_ms_max;
  }
  return all;
}

void Downloader::give_up(const std::string& origin, Host& host, std::string sentence, bool try_later) {
  if (host.given_up) return;
  host.given_up = true;
  trouble_.push_back({origin, std::move(sentence), try_later});
  cancel_waiting(host);
}

void Downloader::cancel_waiting(Host& host) {
  for (; !host.ready.empty(); host.ready.pop_front(), --waiting_) finish(host.ready.front(), Cancelled{});
  for (; !host.retries.empty(); host.retries.pop(), --waiting_) {
    Item item = host.retries.top().item;
    finish(item, Cancelled{});
  }
}

void Downloader::finish(Item& item, FetchOutcome outcome) {
  if (const auto* gave_up = std::get_if<GaveUp>(&outcome))
    log_debug("{}: {} ({})", display(item.download.url), gave_up->reason, gave_up->detail);
  results_.push_back(
      {std::move(item.download.key), std::move(item.download.url), std::move(outcome), item.tries});
}

std::vector<FetchResult> Downloader::take() {
  return std::exchange(results_, {});
}

SteadyTime Downloader::wake_at() const {
  SteadyTime next = SteadyTime::max();
  for (const auto& [origin, host] : hosts_) {
    if (host.given_up || draining_) continue;
    if (!host.ready.empty() && host.paused_until > clock_.steady_now())
      next = std::min(next, host.paused_until);
    if (!host.retries.empty()) next = std::min(next, std::max(host.retries.top().due, host.paused_until));
  }
  return next;
}

void Downloader::drain() {
  draining_ = true;
  for (auto& [origin, host] : hosts_) cancel_waiting(host);
}

void Downloader::abort() {
  drain();
  for (const auto& [id, running] : running_) transport_.abort(id);
}

std::vector<std::pair<std::string, WallTime>> Downloader::pauses() const {
  std::vector<std::pair<std::string, WallTime>> all;
  for (const auto& [origin, host] : hosts_)
    if (host.asked_to_wait_until > clock_.wall_now()) all.emplace_back(origin, host.asked_to_wait_until);
  return all;
}

void Downloader::pause_host(const std::string& origin, WallTime until) {
  const WallTime now = clock_.wall_now();
  if (until <= now) return;
  Host& host = hosts_[origin];
  host.asked_to_wait_until = until;
  if (until - now > options_.outage_ms_max) {
    give_up(origin, host,
            fmt::format("{} asked in an earlier run to be left alone for another {}: run again after that",
                        origin, format_duration(until - now)),
            true);
  } else {
    pause(host, until - now, "it asked in an earlier run to be left alone");
  }
}

}  // namespace medimirror
