#include "fetch/host_pace.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace medimirror {

namespace {

using Micros = HostPace::Micros;

constexpr Micros kFirstSpacing{60'000};
constexpr Micros kSearchMax{480'000};  // the longest spacing that is tried without knowing a bound
constexpr Micros kSpacingMax{5'000'000};
constexpr Micros kSilenceMax{60'000'000};  // between two requests to a host that grants nothing
constexpr Micros kTick{1'000};             // what a loop sleeps at least
constexpr Micros kSpacingMin{1'000};       // shorter is no spacing at all
constexpr int kSearchFactor = 8;
constexpr double kAboveLower = 1.1;
constexpr double kDecrease = 0.7;  // of requests in flight
constexpr double kDecline = 1.25;  // of the spacing, when a landing was a little short
constexpr int kGrantsAboveLanding = 2, kGrantsAtLanding = 32;
constexpr Millis kStepMin{100};
constexpr double kApproach = 0.8, kStepMax = 0.5;
constexpr int kGrantsForUpper = 4;
constexpr int kContradiction = 2;

Micros scaled(Micros span, double factor) {
  return Micros(static_cast<Micros::rep>(static_cast<double>(span.count()) * factor));
}

Micros mean(Micros a, Micros b) {  // the geometric one
  return Micros(
      static_cast<Micros::rep>(std::sqrt(static_cast<double>(a.count()) * static_cast<double>(b.count()))));
}

}  // namespace

void HostPace::remember(Micros spacing) {
  spacing_ = remembered_ = std::min(spacing, kSpacingMax);
}

Micros HostPace::memory() const {
  return std::max(remembered_, confirmed_);
}

bool HostPace::may_start(SteadyTime now, int in_flight) const {
  return in_flight < in_flight_max() && now >= next_start_;
}

// A loop that sleeps in whole milliseconds wakes a little late, and may catch up that little, no more: a meter without a
// burst refuses the second of two that come close together.
void HostPace::started(SteadyTime now) {
  if (!metered()) return;
  if (stretch_began_ == SteadyTime{}) stretch_began_ = spaced_at_ = metered_since_ = now;
  const Micros catch_up = std::min(std::max(spacing_ / 20, kTick), spacing_ / 2);
  next_start_ = std::max(next_start_ + spacing_, now + spacing_ - catch_up);
}

void HostPace::granted(SteadyTime sent_at, SteadyTime now) {
  refused_.granted(sent_at);
  silent_signals_ = 0;
  window_ = std::min(kWindowMax, window_ + (metered() ? 1 / window_ : 3));
  if (!metered() || sent_at < stretch_began_) return;
  ++granted_in_stretch_;
  ++granted_at_spacing_;
  speed_up(now);
}

void HostPace::speed_up(SteadyTime now) {
  if (now - spaced_at_ < kStepMin) return;
  if (spacing_ > landing_) {
    if (granted_at_spacing_ < kGrantsAboveLanding) return;
    spacing_ = std::max(landing_, scaled(spacing_, kApproach));
  } else {
    if (granted_at_spacing_ < kGrantsAtLanding) return;
    confirmed_ = spacing_;
    spacing_ = landing_ = scaled(spacing_, 1 - step_);
    step_ = std::min(2 * step_, kStepMax);
  }
  granted_at_spacing_ = 0;
  spaced_at_ = now;
  if (spacing_ < kSpacingMin) forget();
}

bool HostPace::refused(SteadyTime sent_at, SteadyTime now, bool fresh) {
  if (!metered()) {
    if (fresh) refused_.add(sent_at);
    if (refused_.count() < refused_to_believe_) return false;
    spacing_ = kFirstSpacing;
    metered_since_ = now;
  } else {
    if (sent_at < stretch_began_) return false;
    find_bound(sent_at);
  }
  window_ = std::max(1.0, window_ * kDecrease);
  begin_stretch(now);
  return metered();
}

void HostPace::find_bound(SteadyTime sent_at) {
  const int granted = granted_in_stretch_;
  if (granted == 0) return search();
  silent_signals_ = 0;
  const Micros remembered = std::exchange(remembered_, Micros(0));
  if (granted >= kGrantsForUpper && remembered == Micros(0))  // else a burst may have been saved up
    upper_ = std::min(upper_, std::chrono::duration_cast<Micros>(sent_at - stretch_began_) / (granted - 1));
  if (upper_ != Micros::max() && spacing_ > kContradiction * upper_) {
    refute();
    return;
  }
  const Micros lower = spacing_;
  spacing_ = std::max(scaled(lower, kAboveLower), remembered);
  // Refused soon after the last landing: a burst had hidden how far off it was.
  if (granted < kGrantsForUpper && upper_ != Micros::max())
    spacing_ = std::max(spacing_, mean(lower, upper_));
  spacing_ = std::min(spacing_, kSpacingMax);
  landing_ = spacing_;
}

// Nothing was granted since the last signal.
void HostPace::search() {
  const Micros lower = spacing_;
  if (++silent_signals_ == 1) {
    const bool landed = std::max(remembered_, landing_) > Micros(0);  // then it is not far off
    spacing_ =
        landed ? scaled(lower, kDecline) : std::max(lower, std::min(kSearchFactor * lower, kSearchMax));
    landing_ = scaled(lower, kAboveLower);
  } else {
    // Twice nothing at all is an outage, a ban or a limit that changed: what was known of the interval is void.
    spacing_ = std::max(lower, std::min(kSearchFactor * lower, kSearchMax));
    landing_ = remembered_ = confirmed_ = Micros(0);
    upper_ = Micros::max();
  }
}

void HostPace::begin_stretch(SteadyTime now) {
  Micros pause = spacing_;
  for (int i = 2; i < silent_signals_ && pause < kSilenceMax; ++i) pause *= kSearchFactor;
  stretch_began_ = spaced_at_ = now;
  next_start_ = now + std::min(pause, kSilenceMax);
  granted_in_stretch_ = granted_at_spacing_ = 0;
  refused_.end();
  step_ = kFirstStep;
}

void HostPace::refute() {
  forget();
  refused_to_believe_ = std::min(2 * refused_to_believe_, kRefusedToBelieveMax);
}

void HostPace::forget() {
  spacing_ = landing_ = remembered_ = confirmed_ = Micros(0);
  upper_ = Micros::max();
  silent_signals_ = 0;
  refused_.end();
}

}  // namespace medimirror
