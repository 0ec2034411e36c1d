// Role: what one host's answers say about the host: may it be asked now, how fast, and when is it left to another run.
// Pure: time and randomness are arguments.
// Place: fetch/downloader holds one for each host; it keeps the queue and the requests, and this says when.
// Failure: a host that is given up has a HostTrouble; nothing of it is asked again in this run.
//
// Four questions, each with its own row of answers; a grant (200, 304) ends a row (eight, where a host meters: one a minute is
// no way to go on):
//   pace     429 and 503 without a time: how fast? See host_pace.h. Whatever else it answers, its meter let through. When it
//            grants nothing any more, every request is for a picture that it granted before: three in a row granted, and the
//            others were refused on their own account. Eight times, and nothing else granted: a cache before the host, no more.
//   pause    429 and 503 with Retry-After are believed of the whole host when three different pictures got them in a row, or
//            when nothing was granted yet and the time is no longer than an outage may be; else they concern their picture
//            alone. A pause longer than outage_ms_max gives the host up and is remembered for the next run.
//   outage   ten failures in a row (500, no connection, no answer): pauses of 1, 4, 16, 60 s, one request after each. A host
//            that fails or refuses everything for outage_ms_max is given up; one that granted before and answers 429 and
//            no time already after limited_ms_max, which is longer than the minute that such limits mostly count.
//   ban      a host that granted before and refuses eight different pictures in a row (403, 401, …). Each refusal of the row
//            halves the requests in flight, so that hardly any follow; a grant ends it only when it was asked for after the
//            first refusal was heard, since answers overtake each other. Then one probe after five seconds: a picture that
//            it granted before. Granted again, it is no ban, and the next one takes a row twice as long. A ban is
//            remembered: the next run begins with the probe.
// A host that never granted is given up after twenty refusals, or two hundred times "not found": most likely the settings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/waiting.h"
#include "fetch/host_pace.h"
#include "http/retry_policy.h"

namespace medimirror {

struct HostTrouble {
  std::string host;        // origin
  std::string sentence;    // what happened and what to do
  bool try_later = false;  // the host is down, limits or bans us; else the settings are the likely reason
  struct Outage {
    std::string clause;  // "https://media.example does not answer"
    SteadyTime since{};
  };
  std::optional<Outage> outage = {};  // where it is one
};

class HostHealth {
 public:
  struct Options {
    Millis outage_ms_max{300'000};  // a host that fails everything this long is left for another run
    Millis limited_ms_max{60'000};  // likewise, when it says 429 and not how long
    int failures_to_pause = 10;     // in a row, over all items of a host
    int refusals_to_suspect = 8;    // in a row, by a host that granted before
    int refusals_to_give_up = 20;   // in a row with nothing ever granted
    int gone_to_give_up = 200;      // likewise, answered 404
    Millis probe_after{5'000};      // that a ban is suspected
    Millis first_pause{1'000}, pause_max{60'000};
  };
  struct Answer {
    const Classified& verdict;
    int status = 0;  // 0: none came
    SteadyTime sent_at{};
    int in_flight = 0;  // other requests that were under way when it came
    // A picture that fails speaks of its host the first time, and for as long as the host grants nothing else; later it
    // speaks of itself, or what is left at the end of a run, which is all that is bad, would look like an outage.
    bool evidence = true;
    // For a picture that the host granted before, while it is silent. That such a one is granted does not end an outage: what
    // stands before the host may hold it.
    bool probe = false;
  };

  HostHealth(std::string origin, const Options& options) : origin_(std::move(origin)), options_(options) {}

  const std::string& origin() const { return origin_; }
  bool may_start(SteadyTime now, int in_flight) const;
  SteadyTime next_start() const;  // when time is what may_start() waits for
  void started(SteadyTime now) { pace_.started(now); }
  void note(const Answer& answer, SteadyTime now, WallTime wall, double random);

  std::uint64_t granted() const { return granted_; }

  // 429 and 503 are the host's doing just now, not the picture's.
  bool limits() const { return granted_ > 0 && (pace_.metered() || pause_believed_); }

  // Each request finds out about the host: better each time with another picture.
  bool searching() const { return failures_in_row_ >= options_.failures_to_pause || pace_.metered(); }

  // What it refuses now may be a ban rather than the picture: better not judged yet.
  bool suspect() const { return granted_ > 0 && refusals_.count() > 0; }
  bool suspects_ban() const { return probe_at_.has_value(); }
  bool wants_probe(SteadyTime now) const;
  void probe_started() { probing_ = true; }
  void probed(bool granted);

  const std::optional<HostTrouble>& trouble() const { return trouble_; }
  bool given_up() const { return trouble_.has_value(); }
  std::optional<Waiting> waiting(SteadyTime now) const;
  std::optional<SteadyTime> gives_up() const;  // if it goes on like this

  // Across runs.
  bool banned() const { return banned_ || suspects_ban(); }
  std::optional<WallTime> banned_since() const { return banned_since_; }  // if it was before this run
  void remember_ban(WallTime since, SteadyTime now);
  void pause_until(WallTime until, SteadyTime now, WallTime wall);
  WallTime asked_to_wait_until() const { return asked_to_wait_until_; }
  void remember(HostPace::Micros spacing) { pace_.remember(spacing); }
  HostPace::Micros spacing() const { return pace_.memory(); }

 private:
  void note_grant(SteadyTime sent_at);
  void note_answering();
  void note_gone(int status);
  void note_refusal(const Answer& answer, SteadyTime now);
  void note_limit(const Answer& answer, SteadyTime now, WallTime wall, double random);
  void note_failure(const Answer& answer, SteadyTime now);
  void note_outage(const std::string& reason, SteadyTime now);
  void heed_retry_after(const Answer& answer, SteadyTime now, WallTime wall, double random);
  bool failing() const;
  void pause(Millis span, SteadyTime now, std::string why);
  void give_up(std::string sentence, bool try_later);

  std::string origin_;
  const Options& options_;
  HostPace pace_;
  std::uint64_t granted_ = 0;
  AnswerRow limits_, refusals_;
  int failures_in_row_ = 0, gone_in_row_ = 0, own_in_row_ = 0;
  int pauses_in_row_ = 0, grants_while_failing_ = 0;
  std::optional<SteadyTime> failing_since_;
  Millis failing_ms_max_{0};  // of this kind of failing
  std::string failing_because_;
  SteadyTime paused_since_{}, paused_until_{};
  std::string paused_because_;
  bool pause_believed_ = false;
  WallTime asked_to_wait_until_{};
  int refusals_to_suspect_more_ = 1;  // times as many as the options say
  std::optional<SteadyTime> probe_at_;
  SteadyTime suspected_since_{};
  int refused_with_ = 0;
  bool probing_ = false, banned_ = false;
  int probes_granted_ = 0;  // in a row, while it was silent
  int refuted_ = 0;         // times that probes spoke for the host, since it granted anything else
  std::optional<WallTime> banned_since_;  // as an earlier run found
  int in_flight_before_ = 0;              // the row of refusals began
  std::optional<HostTrouble> trouble_;
};

}  // namespace medimirror
