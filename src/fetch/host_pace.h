// Role: how fast one host may be asked: requests in flight, and the time between two of them. Pure; time is an argument.
// Place: part of fetch/host_health. The transport's connections a host are the ceiling; this is what the host bears.
//
// Requests in flight: slow start (each grant adds three, so that two round trips reach any ceiling), then one more a round,
// and three tenths fewer at each signal. Without a limit of the host's this is the ceiling after a round or two, for good.
//
// Spacing: a host that meters its rate refuses what comes too early, however few are in flight, so the interval between two
// that it grants must be found. A signal is a refusal (429, 503) of a request that was sent after the last signal: what was
// under way together says the same thing once. Two things are certain of a meter, with a burst or without:
//   it refused at a spacing        its interval is longer: land a tenth above;
//   n granted between two signals  its interval is at most their time / (n - 1), since it was empty at the first.
// One that is refused again before eight were granted lands in the middle of the two: a burst had hidden how far off it was. A
// refusal at twice the upper bound contradicts a meter (one request in ten fails, whatever the pace): then the spacing is
// dropped, and it takes twice as many refusals to believe in a meter again.
//   to begin           three refusals in a row of different pictures, and 60 ms; then 480 ms twice; while nothing at all is
//                      granted eight times longer each time, up to a minute
//   above the landing  a fifth shorter every two grants, and never faster than every 100 ms, or a saved-up burst would carry it
//                      far past the limit
//   at the landing     after 32 grants 5 % shorter, then 10, 20, 40 %: a host that has become free is soon asked freely
// With simulated meters (tests/fetch/paced_host_test.cc) and with nginx: 1.0 to 1.25 times what the limit allows, with 5 to
// 9 % refused over 300 pictures, most of them in the first round, when sixteen are sent together.
#pragma once

#include <chrono>

#include "base/clock.h"

namespace medimirror {

// Answers of one kind in a row. Refusals are quick: what was sent before the first of them and is granted after it does not
// end the row.
class AnswerRow {
 public:
  void add(SteadyTime sent_at) {
    if (count_++ == 0) first_sent_at_ = sent_at;
  }
  void granted(SteadyTime sent_at) {
    if (sent_at >= first_sent_at_) count_ = 0;
  }
  void end() { count_ = 0; }
  int count() const { return count_; }

 private:
  int count_ = 0;
  SteadyTime first_sent_at_{};
};

class HostPace {
 public:
  using Micros = std::chrono::microseconds;

  // As learnt by an earlier run. It is where to begin, not what holds: from there the spacing shrinks by a fifth every two
  // grants, so that memory costs a host that has become free ten times the spacing at most.
  void remember(Micros spacing);
  // To be remembered; nothing when the host has no limit that we know of. What was only tried may be far off, most of all where
  // pictures are refused on their own account, and would grow from run to run.
  Micros memory() const;

  bool may_start(SteadyTime now, int in_flight) const;
  SteadyTime next_start() const { return next_start_; }  // while may_start() is false for its sake
  void started(SteadyTime now);

  void granted(SteadyTime sent_at, SteadyTime now);
  // `fresh`: of a picture that speaks of the host rather than of itself (HostHealth::Answer::evidence).
  // Returns whether this was a new signal of a host that is known to meter.
  bool refused(SteadyTime sent_at, SteadyTime now, bool fresh);

  // Pictures that it had granted before were granted in a row at a spacing at which others were refused, and a meter does not
  // grant two in a row at a spacing that it refuses: those others speak of themselves.
  void refute();

  bool metered() const { return spacing_ > Micros(0); }
  SteadyTime metered_since() const { return metered_since_; }
  bool silent() const { return silent_signals_ > 1; }  // it grants nothing at all, however slowly it is asked
  Micros spacing() const { return spacing_; }
  int in_flight_max() const { return static_cast<int>(window_); }

 private:
  void find_bound(SteadyTime sent_at);
  void search();
  void begin_stretch(SteadyTime now);
  void speed_up(SteadyTime now);
  void forget();

  double window_ = kWindowStart;
  Micros spacing_{0};             // 0: none
  Micros landing_{0};             // down to here the spacing shrinks fast; 0: until the next signal
  Micros upper_ = Micros::max();  // the host's interval is shorter than this
  Micros remembered_{0};          // of an earlier run, until this run knows better
  Micros confirmed_{0};           // the last spacing that kGrantsAtLanding requests in a row were granted at
  SteadyTime next_start_{}, stretch_began_{}, spaced_at_{}, metered_since_{};
  int granted_in_stretch_ = 0;  // of the requests sent since the last signal
  int granted_at_spacing_ = 0;  // since the spacing was last changed
  int silent_signals_ = 0;      // in a row, with nothing granted between them
  AnswerRow refused_;
  int refused_to_believe_ = kRefusedToBelieve;
  double step_ = kFirstStep;

  static constexpr double kWindowStart = 16, kWindowMax = 4096;
  static constexpr int kRefusedToBelieve = 3, kRefusedToBelieveMax = 48;
  static constexpr double kFirstStep = 0.05;
};

}  // namespace medimirror
