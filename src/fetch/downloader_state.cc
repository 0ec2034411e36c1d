// What the downloader says of itself: when it wakes, what it waits for, which hosts it left alone, what it remembers of them.
#include <fmt/format.h>

#include <algorithm>

#include "fetch/downloader.h"

namespace medimirror {

namespace {

constexpr std::chrono::hours kPauseMax{24};  // parse_retry_after gives no more

}  // namespace

namespace {

constexpr Millis kSilence{10'000};  // with requests under way and no answer: people are told

}  // namespace

SteadyTime Downloader::wake_at() const {
  SteadyTime next = SteadyTime::max();
  if (draining_) return next;
  const SteadyTime now = clock_.steady_now();
  for (const auto& [origin, host] : hosts_) {
    if (host.health.given_up()) continue;
    const SteadyTime may_start = host.health.next_start();
    if ((!host.ready.empty() || !host.suspended.empty()) && may_start > now) next = std::min(next, may_start);
    if (!host.retries.empty()) next = std::min(next, std::max(host.retries.top().due, may_start));
  }
  return next;
}

std::vector<Waiting> Downloader::waiting() const {
  std::vector<Waiting> all;
  const SteadyTime now = clock_.steady_now();
  for (const auto& [origin, host] : hosts_) {
    const bool wants = !host.ready.empty() || !host.retries.empty() || !host.suspended.empty();
    std::optional<Waiting> waiting = wants ? host.health.waiting(now) : std::nullopt;
    const std::optional<SteadyTime> gives_up = host.health.gives_up();
    const auto unheard = now - host.heard_at;
    if (!waiting && host.running > 0 && (unheard >= kSilence || (gives_up && unheard > Millis(0))))
      waiting = Waiting{origin,
                        fmt::format("it has not answered {} yet",
                                    host.running == 1 ? std::string("the request")
                                                      : fmt::format("{} requests", host.running)),
                        host.heard_at,
                        {},
                        gives_up};
    if (waiting) all.push_back(std::move(*waiting));
  }
  return all;
}

std::vector<HostTrouble> Downloader::trouble() const {
  std::vector<HostTrouble> all;
  for (const auto& [origin, host] : hosts_)
    if (host.health.trouble()) all.push_back(*host.health.trouble());
  return all;
}

Millis Downloader::left_of_wait(const std::string& url) const {
  const auto told = told_to_wait_.find(url);
  return told == told_to_wait_.end() ? Millis(0) : std::max(Millis(0), told->second - clock_.wall_now());
}

HostMemory Downloader::memory() const {
  HostMemory memory;
  for (const auto& [origin, host] : hosts_) {
    const HostHealth& health = host.health;
    if (health.asked_to_wait_until() > clock_.wall_now())
      memory.pauses.emplace_back(origin, health.asked_to_wait_until());
    if (health.banned() && host.granted)
      memory.bans.emplace_back(host.granted->url, health.banned_since().value_or(clock_.wall_now()));
    if (health.spacing() > HostPace::Micros(0)) memory.spacings.emplace_back(origin, health.spacing());
  }
  for (const auto& [url, until] : told_to_wait_) {
    const std::optional<Url> parsed = parse_url(url);
    const auto host = parsed ? hosts_.find(parsed->origin()) : hosts_.end();
    const bool all_of_it = host != hosts_.end() && host->second.health.asked_to_wait_until() >= until;
    if (until > clock_.wall_now() && !all_of_it) memory.pauses.emplace_back(url, until);
  }
  return memory;
}

void Downloader::remember(const HostMemory& memory) {
  const SteadyTime now = clock_.steady_now();
  // what lies further ahead than anybody can ask for was noted under another clock
  const WallTime latest = clock_.wall_now() + kPauseMax;
  for (const auto& [address, until] : memory.pauses) {
    if (until > latest) continue;
    if (const std::optional<Url> url = parse_url(address); url && url->origin() != address)
      told_to_wait_.emplace(address, until);
    else
      host_at(address).health.pause_until(until, now, clock_.wall_now());
  }
  for (const auto& [url, since] : memory.bans) {
    const std::optional<Url> parsed = parse_url(url);
    if (!parsed || since > latest) continue;
    Host& host = host_of(*parsed);
    host.granted = Download{{}, url, {}};
    host.health.remember_ban(since, now);
  }
  for (const auto& [origin, spacing] : memory.spacings) host_at(origin).health.remember(spacing);
}

}  // namespace medimirror
