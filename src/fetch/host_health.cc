#include "fetch/host_health.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"

namespace medimirror {

namespace {

constexpr int kLimitsToBelieve = 3;
constexpr int kGrantsToRecover = 8;
constexpr int kPauseFactor = 4;
constexpr int kProbesToRefute = 3, kRefutedMax = 8;

Millis millis(SteadyTime::duration span) {
  return std::chrono::duration_cast<Millis>(span);
}

}  // namespace

// ---------------------------------------------------------------- asking

bool HostHealth::may_start(SteadyTime now, int in_flight) const {
  if (given_up() || probe_at_ || probing_ || now < paused_until_) return false;
  // each time for another picture: none shall spend its attempts on an outage
  if (failures_in_row_ >= options_.failures_to_pause && in_flight > 0) return false;
  const int in_flight_max = std::min(pace_.in_flight_max(), in_flight_before_);
  if (suspect() && in_flight >= std::max(1, in_flight_max >> std::min(refusals_.count(), 30))) return false;
  return pace_.may_start(now, in_flight);
}

SteadyTime HostHealth::next_start() const {
  if (probing_) return SteadyTime::max();
  if (probe_at_) return *probe_at_;
  return std::max(paused_until_, pace_.next_start());
}

// ---------------------------------------------------------------- answers

void HostHealth::note(const Answer& answer, SteadyTime now, WallTime wall, double random) {
  // A meter comes first: whatever it lets through, it granted.
  if (!answer.verdict.whole_host && answer.status > 0 && answer.status < 500)
    pace_.granted(answer.sent_at, now);
  if (answer.probe && !answer.verdict.whole_host) return;
  switch (answer.verdict.verdict) {
    case Verdict::success:
    case Verdict::not_modified:
      return note_grant(answer.sent_at);
    case Verdict::redirect:
      return note_answering();
    case Verdict::gone:
      return note_gone(answer.status);
    case Verdict::refused:
      return note_refusal(answer, now);
    case Verdict::try_again:
      if (answer.verdict.whole_host) return note_limit(answer, now, wall, random);
      return note_failure(answer, now);
  }
}

void HostHealth::note_answering() {
  failures_in_row_ = pauses_in_row_ = grants_while_failing_ = 0;
  failing_since_.reset();
}

void HostHealth::note_grant(SteadyTime sent_at) {
  // One a minute is no way to go on.
  if (!pace_.metered() || ++grants_while_failing_ >= kGrantsToRecover) note_answering();
  ++granted_;
  gone_in_row_ = own_in_row_ = refuted_ = 0;
  limits_.granted(sent_at);
  refusals_.granted(sent_at);
  if (refusals_.count() == 0) probe_at_.reset();
  if (limits_.count() == 0) pause_believed_ = false;
}

void HostHealth::note_gone(int status) {
  note_answering();
  refusals_.end();
  if (++gone_in_row_ >= options_.gone_to_give_up && granted_ == 0)
    give_up(
        fmt::format("every picture asked of {} was answered {}: is media.base_url right?", origin_, status),
        false);
}

void HostHealth::note_refusal(const Answer& answer, SteadyTime now) {
  if (answer.verdict.ours) {  // it was not asked, or not heard out
    if (answer.verdict.reason == name_of(TransferError::address_refused) && granted_ == 0 &&
        ++own_in_row_ >= options_.refusals_to_give_up)
      give_up(fmt::format("{} is an address of this machine or its network, and medimirror asks none of "
                          "these: it was not "
                          "asked; if it is meant, set allow_private_addresses = true under [media]",
                          origin_),
              false);
    return;
  }
  note_answering();
  refused_with_ = answer.status;
  refusals_.add(now);
  if (refusals_.count() == 1) in_flight_before_ = answer.in_flight + 1;
  if (granted_ == 0 && refusals_.count() >= options_.refusals_to_give_up)
    give_up(
        fmt::format("every picture asked of {} was refused with {}: is the User-Agent (the contact in the "
                    "configuration) allowed there?",
                    origin_, answer.status),
        false);
  if (granted_ > 0 && !probe_at_ &&
      refusals_.count() >= options_.refusals_to_suspect * refusals_to_suspect_more_) {
    suspected_since_ = now;
    probe_at_ = now + options_.probe_after;
  }
}

bool HostHealth::wants_probe(SteadyTime now) const {
  if (probing_) return false;
  if (probe_at_) return now >= *probe_at_;
  return granted_ > 0 && refuted_ < kRefutedMax && (pace_.silent() || probes_granted_ > 0) &&
         now >= next_start();
}

void HostHealth::probed(bool granted) {
  probing_ = false;
  if (!probe_at_) {  // it was silence; or something else was granted meanwhile
    probes_granted_ = granted ? probes_granted_ + 1 : 0;
    if (probes_granted_ < kProbesToRefute) return;
    probes_granted_ = 0;
    ++refuted_;
    return pace_.refute();
  }
  probe_at_.reset();
  if (granted) {
    refusals_.end();
    if (!banned_since_) refusals_to_suspect_more_ *= 2;
    banned_since_.reset();
    return;
  }
  banned_ = true;
  if (banned_since_)
    return give_up(
        fmt::format("{} banned this machine in an earlier run and still does not give a picture that it had "
                    "given before: it is left alone in this run; run again later, or ask the service",
                    origin_),
        true);
  give_up(
      fmt::format(
          "{} gave {} pictures and then refused {} different ones in a row with {}, and a picture that "
          "it had "
          "given before as well: it has banned this machine for now. It is left alone in this run; run again "
          "later, and if it happens again lower [media] connections or ask the service",
          origin_, granted_, refusals_.count(), refused_with_),
      true);
}

void HostHealth::note_failure(const Answer& answer, SteadyTime now) {
  const std::string& reason = answer.verdict.reason;
  if (!answer.evidence || reason == "not_an_image" || reason == "wrong_digest") return;  // the host works
  ++failures_in_row_;
  if (!failing_since_) failing_since_ = now;
  failing_ms_max_ = options_.outage_ms_max;
  failing_because_ = reason;
  if (!failing()) return;
  const bool paused_already = paused_until_ > now;  // by one that was under way at the same time
  if (!paused_already) {
    Millis step = options_.first_pause;
    for (int i = 0; i < pauses_in_row_ && step < options_.pause_max; ++i) step *= kPauseFactor;
    ++pauses_in_row_;
    pause(std::min(step, options_.pause_max), now, fmt::format("it fails each request ({})", reason));
  }
  note_outage(reason, now);
}

void HostHealth::note_limit(const Answer& answer, SteadyTime now, WallTime wall, double random) {
  if (answer.evidence) limits_.add(answer.sent_at);
  if (!failing_since_) failing_since_ = now;
  const bool tells_time =
      answer.verdict.retry_after.value_or(std::chrono::seconds(0)) > std::chrono::seconds(0);
  const bool banned = answer.status == 429 && granted_ > 0 && !tells_time;
  failing_ms_max_ = banned ? options_.limited_ms_max : options_.outage_ms_max;
  failing_because_ = answer.verdict.reason;
  if (tells_time) heed_retry_after(answer, now, wall, random);
  pace_.refused(answer.sent_at, now, answer.evidence);
  if (pace_.metered()) note_outage(answer.verdict.reason, now);
}

void HostHealth::heed_retry_after(const Answer& answer, SteadyTime now, WallTime wall, double random) {
  const auto span = Millis(*answer.verdict.retry_after);
  const bool short_enough = span <= options_.outage_ms_max;
  const bool believable = limits_.count() >= kLimitsToBelieve || (granted_ == 0 && short_enough) ||
                          (pause_believed_ && limits_.count() > 0);
  if (!believable) return;
  pause_believed_ = true;
  // a tenth of jitter above what was asked, so that many mirrors do not come back in the same second
  pause(span + Millis(static_cast<std::int64_t>(random * 0.1 * static_cast<double>(span.count()))), now,
        fmt::format("it asked to be left alone ({})", answer.verdict.reason));
  asked_to_wait_until_ = std::max(asked_to_wait_until_, wall + span);
  if (!short_enough)
    give_up(
        fmt::format("{} asks to be left alone for {}: run again after that", origin_, format_duration(span)),
        true);
}

void HostHealth::note_outage(const std::string& reason, SteadyTime now) {
  const auto failed_for = now - *failing_since_;
  if (failed_for < failing_ms_max_) return;
  give_up(fmt::format("{} has {} (nearly) every request for {} ({}): run again later", origin_,
                      pace_.metered() ? "refused" : "failed", format_duration(millis(failed_for)), reason),
          true);
  const bool answers = reason.starts_with("http_");
  trouble_->outage = {answers ? fmt::format("{} fails (nearly) every request ({})", origin_, reason)
                              : fmt::format("{} does not answer ({})", origin_, reason),
                      *failing_since_};
}

// ---------------------------------------------------------------- pausing and giving up

bool HostHealth::failing() const {
  return failing_since_ && (failures_in_row_ >= options_.failures_to_pause || pace_.silent());
}

std::optional<SteadyTime> HostHealth::gives_up() const {
  if (!failing()) return std::nullopt;
  return std::max<SteadyTime>(*failing_since_ + failing_ms_max_, next_start());  // it is judged by an answer
}

void HostHealth::pause(Millis span, SteadyTime now, std::string why) {
  if (paused_until_ <= now) paused_since_ = now;
  paused_because_ = std::move(why);
  paused_until_ = std::max<SteadyTime>(paused_until_, now + span);
}

void HostHealth::remember_ban(WallTime since, SteadyTime now) {
  banned_since_ = since;
  probe_at_ = suspected_since_ = now;
}

void HostHealth::pause_until(WallTime until, SteadyTime now, WallTime wall) {
  if (until <= wall) return;
  asked_to_wait_until_ = until;
  if (until - wall > options_.outage_ms_max)
    give_up(fmt::format("{} asked in an earlier run to be left alone for another {}: run again after that",
                        origin_, format_duration(until - wall)),
            true);
  else
    pause(until - wall, now, "it asked in an earlier run to be left alone");
}

void HostHealth::give_up(std::string sentence, bool try_later) {
  if (!trouble_) trouble_ = HostTrouble{origin_, std::move(sentence), try_later};
}

std::optional<Waiting> HostHealth::waiting(SteadyTime now) const {
  if (given_up()) return std::nullopt;
  if (probe_at_) {
    Waiting waiting{
        origin_,
        banned_since_
            ? std::string(
                  "it banned this machine in an earlier run; a picture that it gave then is asked for")
            : fmt::format(
                  "it refused {} pictures in a row after it had given others ({}); one of those is asked "
                  "again to see whether it bans us",
                  refusals_.count(), refused_with_),
        suspected_since_, *probe_at_, *probe_at_};
    if (probing_) waiting.next.reset();
    return waiting;
  }
  if (paused_until_ > now) return Waiting{origin_, paused_because_, paused_since_, next_start(), gives_up()};
  if (pace_.next_start() <= now) return std::nullopt;
  if (pace_.silent())
    return Waiting{origin_, fmt::format("it refuses each request ({})", failing_because_), *failing_since_,
                   pace_.next_start(), gives_up()};
  return Waiting{origin_,
                 fmt::format("it limits how often it is asked: at most {:.2g} requests a second",
                             1e6 / static_cast<double>(pace_.spacing().count())),
                 pace_.metered_since(),
                 pace_.next_start(),
                 {}};
}

}  // namespace medimirror
