#include "fetch/downloader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "base/log.h"
#include "base/text_encoding.h"
#include "base/units.h"
#include "fetch/redirect.h"
#include "http/content_digest.h"

namespace medimirror {

namespace {

constexpr UnixSeconds kModifiedMin = 315'532'800;  // 1980, where the oldest file systems begin
// Of the answers that speak of a limit: more of them for one picture tell of that picture.
constexpr int kNotItsFaultMax = 3;
constexpr std::size_t kShownBytesMax = 300, kRememberedUrlMax = 1024;
constexpr std::size_t kUrlBytesMax = 8 * 1024;  // http/url.h
constexpr std::size_t kToldToWaitMax = 10'000;  // pictures whose server named a time
// A round of deferred ones that was at least as large and brought less than a tenth is the last one.
constexpr std::size_t kRoundToJudge = 16, kRoundToGoOn = 10;

std::string why_no_url(const std::string& text) {
  if (text.size() > kUrlBytesMax)
    return fmt::format("its address is longer than {}", format_bytes(kUrlBytesMax));
  return fmt::format("\"{}\" is not a URL that can be downloaded", shortened(text, kShownBytesMax));
}

std::string detail_of(const std::variant<Response, TransferFailure>& result, int attempts) {
  const std::string after = attempts > 1 ? fmt::format(" after {} attempts", attempts) : "";
  if (const auto* failure = std::get_if<TransferFailure>(&result))
    return fmt::format("{}{}", failure->detail, after);
  return fmt::format("the server answered {}{}", std::get<Response>(result).status, after);
}

}  // namespace

Downloader::Downloader(Options options, Transport& transport, const Clock& clock, std::shared_ptr<Room> room,
                       std::uint64_t seed)
    : options_(std::move(options)),
      allowed_(options_.allowed_hosts),
      transport_(transport),
      clock_(clock),
      room_(std::move(room)),
      random_(static_cast<std::minstd_rand::result_type>(seed)),
      retry_budget_(options_.retry_budget_start) {}

Downloader::Host& Downloader::host_at(const std::string& origin) {
  return hosts_.try_emplace(origin, origin, options_).first->second;
}

Downloader::Host& Downloader::host_of(const Url& url) {
  return host_at(url.origin());
}

// ---------------------------------------------------------------- the queue

void Downloader::add(Download download) {
  Item item;
  item.download = std::move(download);
  std::optional<Url> url = parse_url(item.download.url);
  if (!url || !url->is_http()) return finish(item, Refused{"bad_url", why_no_url(item.download.url)});
  if (std::optional<std::string> refusal = allowed_.refusal(*url))
    return finish(item, Refused{"host_not_allowed", std::move(*refusal)});
  item.address = *std::move(url);
  Host& host = host_of(item.address);
  if (host.health.given_up() || draining_) return finish(item, Cancelled{});
  const Millis told_to_wait = left_of_wait(item.download.url);
  if (told_to_wait > options_.outage_ms_max)
    return finish(item,
                  GaveUp{"retry_after", fmt::format("the server asked that it be left alone for another {}",
                                                    format_duration(told_to_wait))});
  if (told_to_wait > Millis(0))
    host.retries.push({clock_.steady_now() + told_to_wait, ++order_, std::move(item)});
  else
    host.ready.push_back(std::move(item));
  ++waiting_;
}

void Downloader::put_first(Item item) {
  Host& host = host_of(item.url());
  if (host.health.given_up() || draining_) return finish(item, Cancelled{});
  host.ready.push_front(std::move(item));
  ++waiting_;
}

void Downloader::advance() {
  if (draining_) return;
  const SteadyTime now = clock_.steady_now();
  for (auto& [origin, host] : hosts_) {
    if (host.health.given_up()) continue;
    prepare(host, now);
    while (!host.ready.empty() && room_->has_place() && may_start(host, now) &&
           transport_.can_start(host.ready.front().url())) {
      Item item = std::move(host.ready.front());
      host.ready.pop_front();
      --waiting_;
      if (item.deferred && now > host.round.ends)
        finish(item, *item.last);
      else
        start(host, std::move(item));
    }
  }
}

void Downloader::prepare(Host& host, SteadyTime now) {
  for (; !host.retries.empty() && host.retries.top().due <= now; host.retries.pop()) {
    // While one finds out about a host: better another picture, but if nothing at all was granted, in turn with those that
    // were refused; there are hosts that make a picture when it is first asked for.
    const bool searching = host.health.searching();
    const std::size_t behind = searching ? (host.health.granted() > 0 ? host.ready.size() : 1) : 0;
    host.ready.insert(host.ready.begin() + static_cast<std::ptrdiff_t>(std::min(behind, host.ready.size())),
                      host.retries.top().item);
  }
  if (host.health.wants_probe(now) && (host.busy() || !host.suspended.empty())) probe(host);
  if (host.busy() || host.health.suspects_ban()) return;
  release_suspended(host);
  if (!host.deferred.empty()) begin_round(host, now);
}

// Nothing else is to be asked of the host: now what the budget did not pay.
void Downloader::begin_round(Host& host, SteadyTime now) {
  std::vector<Retry> some = std::exchange(host.deferred, {});
  std::ranges::stable_partition(some, [](const Retry& retry) { return !retry.item.hopeless; });
  const Round& last = host.round;
  const bool fruitless = last.asked >= kRoundToJudge && last.brought * kRoundToGoOn < last.asked;
  host.round = {now + options_.round_ms_max, 0, 0};
  deferred_ -= some.size();
  for (Retry& retry : some) {
    Item& item = retry.item;
    if (item.hopeless) promised_ -= 1;
    if (fruitless || (item.hopeless && retry_budget_ < 1)) {
      finish(item, *item.last);
      continue;
    }
    retry_budget_ = std::max(0.0, retry_budget_ - 1);
    item.deferred = true;
    ++host.round.asked;
    ++waiting_;
    host.retries.push({std::max(retry.due, now), ++order_, std::move(item)});
  }
}

// A picture that the host granted before, from its own address, as it was asked for then.
void Downloader::probe(Host& host) {
  Item item;
  item.download = {host.granted->key, host.granted->url, {}};
  item.address = parse_url(item.download.url).value_or(Url{});
  item.probes = host.health.origin();
  host.health.probe_started();
  put_first(std::move(item));
}

bool Downloader::may_start(const Host& host, SteadyTime now) const {
  const std::string& probes = host.ready.front().probes;
  if (!probes.empty() && probes == host.health.origin()) return true;
  return host.health.may_start(now, host.running);
}

void Downloader::start(Host& host, Item item) {
  Request request;
  request.url = item.url();
  request.allow_private_address = options_.allow_private_addresses;
  request.hash_body = true;
  request.label_is_no_coding = true;
  request.body_bytes_max = options_.bytes_max;
  request.room = room_;
  request.limits = options_.limits;
  request.headers = conditional_headers(item.download.validators);
  item.conditional = !request.headers.empty();

  room_->take_item();
  if (item.tries == 0) {
    retry_budget_ += options_.retry_budget_share;
  } else if (item.redirects == 0) {
    ++retries_;
  }
  ++item.tries;
  ++requests_;
  const SteadyTime now = clock_.steady_now();
  if (host.running++ == 0) host.heard_at = now;
  host.health.started(now);
  const RequestId id = transport_.start(std::move(request));
  running_.emplace(id, Running{&host, std::move(item), now});
}

// ---------------------------------------------------------------- answers

bool Downloader::handle(Completed& completed) {
  const auto found = running_.find(completed.id);
  if (found == running_.end()) return false;
  auto [host, item, sent_at] = std::move(found->second);
  running_.erase(found);
  --host->running;
  host->heard_at = clock_.steady_now();
  room_->give_back_items(1);

  auto* response = std::get_if<Response>(&completed.result);
  const auto* failure = std::get_if<TransferFailure>(&completed.result);
  bytes_ += response != nullptr ? response->bytes_received : failure->bytes_received;
  if (failure != nullptr && failure->error == TransferError::aborted) {
    finish(item, Cancelled{});
    return true;
  }
  const Judged judged = judge(completed, item);
  if (leads_nowhere(judged.verdict, item)) {
    begin_anew(std::move(item));
    return true;
  }
  if (judged.verdict.whole_host) ++item.limited;
  HostHealth& health = host->health;
  const bool evidence = health.granted() == item.granted_before.value_or(health.granted());
  if (judged.verdict.verdict == Verdict::try_again && !item.granted_before)
    item.granted_before = health.granted();
  const bool probe = item.probes == health.origin();
  if (!probe || !health.suspects_ban())
    health.note(
        {judged.verdict, response != nullptr ? response->status : 0, sent_at, host->running, evidence, probe},
        clock_.steady_now(), clock_.wall_now(), random());
  conclude(*host, std::move(item), judged, response);
  if (health.given_up()) leave_alone(*host);
  return true;
}

Downloader::Judged Downloader::judge(const Completed& completed, const Item& item) const {
  Judged judged{classify(completed.result, clock_.wall_now()), detail_of(completed.result, item.attempt)};
  const auto call_odd = [&](std::string reason) {
    judged.verdict.verdict = Verdict::try_again;
    judged.verdict.reason = std::move(reason);
  };
  if (judged.verdict.verdict == Verdict::not_modified && !item.conditional)
    call_odd("http_304");  // than what? Nobody asked
  if (judged.verdict.verdict != Verdict::success) return judged;
  const Response& response = std::get<Response>(completed.result);
  if (std::optional<std::string> mismatch = check_content_digest(response).mismatch) {
    call_odd("wrong_digest");
    judged.detail = std::move(*mismatch);
  } else if (options_.plausible && second_try_may_help(item) && !is_plausible(response.body)) {
    call_odd("not_an_image");
    judged.detail = "what came is no picture";
  }
  return judged;
}

// A large one is no error page; who decodes it will say.
bool Downloader::is_plausible(const Body& body) const {
  if (body.size() > Body::kInMemoryMax) return true;
  const bool plausible = options_.plausible(body.view());
  body.unmap();
  return plausible;
}

// Where there is no second try, the body is passed on at once: whoever refuses it can say what it is.
bool Downloader::second_try_may_help(const Item& item) const {
  return item.attempt == 1 && options_.retry.attempts_max > 1 && retry_budget_ - promised_ >= 1 &&
         deferred_ < options_.deferred_max && item.probes.empty();
}

// Signed addresses expire: what a redirect led to is refused, and the first address gives a new one. Asked for once.
bool Downloader::leads_nowhere(const Classified& verdict, const Item& item) const {
  const bool refused =
      (verdict.verdict == Verdict::refused && !verdict.ours) || verdict.verdict == Verdict::gone;
  return refused && item.redirects > 0 && !item.begun_anew && !draining_;
}

void Downloader::begin_anew(Item item) {
  item.begun_anew = true;
  item.redirects = 0;
  item.redirected.reset();
  put_first(std::move(item));
}

void Downloader::conclude(Host& host, Item item, const Judged& judged, Response* response) {
  const std::string& reason = judged.verdict.reason;
  switch (judged.verdict.verdict) {
    case Verdict::success:
      return succeed(host, std::move(item), *response);
    case Verdict::not_modified:
      if (!host.health.suspect()) release_suspended(host);
      return finish(item, NotModified{validators_of(*response)});
    case Verdict::redirect:
      return redirect(std::move(item), *response);
    case Verdict::gone:
      return finish(item, Gone{reason, judged.detail});
    case Verdict::refused:
      return refuse(host, std::move(item), Refused{reason, judged.detail});
    case Verdict::try_again:
      return try_again(host, std::move(item), judged);
  }
}

void Downloader::succeed(Host& host, Item item, Response& response) {
  assert(response.sha256.has_value());
  Fetched fetched{std::move(response.body), *response.sha256, validators_of(response), std::nullopt};
  fetched.last_modified = parse_http_date(fetched.validators.last_modified);
  // an empty field of a database is the year 1, which no file system holds
  if (fetched.last_modified) *fetched.last_modified = std::max(*fetched.last_modified, kModifiedMin);
  if (item.probes.empty()) {
    room_->take_item();  // until the writer has it on disk
    host.granted = item.download;
    if (item.deferred) ++host_of(item.address).round.brought;
    if (!host.health.suspect()) release_suspended(host);
  }
  finish(item, std::move(fetched));
}

// By a host that granted before: kept until another answer tells whether the picture is meant, or we are.
void Downloader::refuse(Host& host, Item item, Refused refused) {
  if (!host.health.suspect() || draining_ || !item.probes.empty()) return finish(item, std::move(refused));
  if (host.health.given_up()) return finish(item, Cancelled{});
  ++deferred_;
  host.suspended.emplace_back(std::move(item), std::move(refused));
}

void Downloader::release_suspended(Host& host) {
  deferred_ -= host.suspended.size();
  for (auto& [item, refused] : std::exchange(host.suspended, {})) finish(item, std::move(refused));
}

void Downloader::redirect(Item item, const Response& response) {
  if (++item.redirects > options_.redirects_max)
    return finish(
        item, Refused{"too_many_redirects", fmt::format("more than {} redirects", options_.redirects_max)});
  auto target = check_redirect(item.url(), response.header("location").value_or(""), allowed_);
  if (auto* refused = std::get_if<RedirectRefused>(&target))
    return finish(item, Refused{std::move(refused->reason), std::move(refused->detail)});
  item.redirected = std::get<Url>(std::move(target));
  put_first(std::move(item));
}

void Downloader::try_again(Host& host, Item item, const Judged& judged) {
  const Classified& verdict = judged.verdict;
  item.last = GaveUp{verdict.reason, judged.detail};
  if (draining_) return finish(item, Cancelled{});
  if (!item.probes.empty()) return finish(item, *item.last);

  const bool hosts_doing = verdict.whole_host && host.health.limits() && item.limited <= kNotItsFaultMax;
  if (hosts_doing) item.not_its_fault = item.limited;
  const std::optional<Millis> delay =
      hosts_doing
          ? Millis(0)
          : retry_delay(options_.retry, item.attempt - item.not_its_fault, verdict.retry_after, random());
  if (verdict.retry_after && told_to_wait_.size() < kToldToWaitMax &&
      item.download.url.size() <= kRememberedUrlMax)
    told_to_wait_.insert_or_assign(item.download.url, clock_.wall_now() + Millis(*verdict.retry_after));
  if (verdict.retry_after && *verdict.retry_after > options_.outage_ms_max && !hosts_doing)
    return finish(item, GaveUp{verdict.reason, fmt::format("{} and asked to wait for {}", judged.detail,
                                                           format_duration(*verdict.retry_after))});
  if (!delay) return finish(item, *item.last);
  item.hopeless = verdict.reason == "not_an_image";
  const bool deferred = !hosts_doing && (item.hopeless || retry_budget_ < 1);
  if (deferred && deferred_ >= options_.deferred_max) return finish(item, *item.last);
  log_debug("{} of media {}: {}, again {}", item.download.key.format, item.download.key.media, verdict.reason,
            deferred ? "at the end" : fmt::format("in {}", format_duration(*delay)));

  ++item.attempt;
  item.redirects = 0;
  item.redirected.reset();
  Host& first = host_of(item.address);  // where it began, not where a redirect led
  if (first.health.given_up()) return finish(item, Cancelled{});
  Retry retry{clock_.steady_now() + *delay, ++order_, std::move(item)};
  if (deferred) {
    promised_ += retry.item.hopeless ? 1 : 0;
    ++deferred_;
    first.deferred.push_back(std::move(retry));
  } else {
    retry_budget_ -= hosts_doing ? 0 : 1;
    ++waiting_;
    first.retries.push(std::move(retry));
  }
}

// ---------------------------------------------------------------- ends

// Nothing of it will be asked any more; what waits for it stays wanted.
void Downloader::leave_alone(Host& host) {
  while (!host.ready.empty()) {
    Item item = std::move(host.ready.front());
    host.ready.pop_front();
    --waiting_;
    finish(item, Cancelled{});
  }
  for (; !host.retries.empty(); --waiting_) {
    Item item = host.retries.top().item;
    host.retries.pop();
    finish(item, Cancelled{});
  }
  deferred_ -= host.deferred.size() + host.suspended.size();
  for (Retry& retry : std::exchange(host.deferred, {})) finish(retry.item, Cancelled{});
  for (auto& [item, refused] : std::exchange(host.suspended, {})) finish(item, Cancelled{});
}

void Downloader::finish(Item& item, FetchOutcome outcome) {
  if (!item.probes.empty()) {
    Host& host = hosts_.at(item.probes);
    if (std::holds_alternative<Cancelled>(outcome)) return;  // the run ends before it is known
    // that a picture has gone since is an answer, too
    host.health.probed(std::holds_alternative<Fetched>(outcome) || std::holds_alternative<Gone>(outcome));
    if (host.health.given_up())
      leave_alone(host);
    else
      release_suspended(host);
    return;
  }
  if (const auto* gave_up = std::get_if<GaveUp>(&outcome))
    log_debug("{}: {} ({})", item.address.display(), gave_up->reason, gave_up->detail);
  results_.push_back(
      {std::move(item.download.key), std::move(item.download.url), std::move(outcome), item.tries});
}

std::vector<FetchResult> Downloader::take() {
  return std::exchange(results_, {});
}

bool Downloader::idle() const {
  return running_.empty() && waiting_ == 0 && deferred_ == 0 && results_.empty();
}

void Downloader::drain() {
  draining_ = true;
  for (auto& [origin, host] : hosts_) {
    release_suspended(host);
    leave_alone(host);
  }
}

}  // namespace medimirror
