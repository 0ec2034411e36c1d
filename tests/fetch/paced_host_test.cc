// The downloader against simulated hosts that meter their rate as nginx's limit_req does: all pictures come, in at most 1.3
// times what the limit allows, with at most a tenth of the requests refused.
#include <cmath>
#include <map>

#include "downloader_fixture.h"

namespace medimirror {
namespace {

// nginx counts in thousandths of a request: `excess` shrinks with time and grows by one a request; above the burst a request
// is refused and changes nothing. Without nodelay what is in excess waits for its turn.
struct Meter {
  double rate = 20;
  double burst = 0;
  bool delays = false;
  double excess = -1;  // nothing asked yet
  SteadyTime last{};

  // How long it waits; nothing: refused.
  std::optional<Millis> ask(SteadyTime now) {
    if (rate <= 0) return Millis(0);
    const double passed = std::chrono::duration<double>(now - last).count();
    const double next = excess < 0 ? 0 : std::max(0.0, excess - rate * passed + 1);
    if (next > burst + 1e-9) return std::nullopt;
    excess = next;
    last = now;
    return Millis(delays ? static_cast<int>(std::ceil(1000 * excess / rate)) : 0);
  }
};

struct Row {
  double rate, burst;
  int latency_ms;
  std::size_t connections = 16;
  bool delays = false;
  int status = 503;
};

std::string name_of_row(const testing::TestParamInfo<Row>& info) {
  const Row& row = info.param;
  return fmt::format("rate{}_burst{}_{}ms_{}connections{}_{}", row.rate, row.burst, row.latency_ms,
                     row.connections, row.delays ? "_delayed" : "", row.status);
}

class MeteringHost : public DownloaderTest {
 protected:
  // The request arrives half a latency after it went out, or a millisecond later.
  void serve(const Row& row) {
    meter_ = {row.rate, row.burst, row.delays};
    row_ = row;
    transport_.set_limits({row.connections, 256});
    transport_.answer_with([this](const Request&) -> std::optional<Reply> {
      const Millis latency(row_.latency_ms);
      const SteadyTime arrives = clock_.steady_now() + latency / 2 + Millis(++asked_ % 2);
      last_arrival_ = std::max(last_arrival_, arrives);
      const auto wait = meter_.ask(last_arrival_);
      if (!wait) ++refused_;
      if (wait) return ok("bytes").after(latency + *wait);
      Reply refusal = status(row_.status).after(latency);
      return retry_after_.empty() ? refusal : std::move(refusal).with("retry-after", retry_after_);
    });
  }
  double seconds_of(std::size_t pictures) {
    const SteadyTime start = clock_.steady_now();
    add_many(pictures);
    EXPECT_EQ(count<Fetched>(run()), pictures);
    return std::chrono::duration<double>(clock_.steady_now() - start).count();
  }

  Meter meter_;
  Row row_{};
  int asked_ = 0, refused_ = 0;
  SteadyTime last_arrival_{};
  std::string retry_after_;
};

class PacedHost : public MeteringHost, public testing::WithParamInterface<Row> {};

TEST_P(PacedHost, GivesAllInNearlyTheTimeItsLimitAllows) {
  const Row& row = GetParam();
  serve(row);
  options_.retry.attempts_max = 2;  // a limit costs no picture its attempts
  make();
  const std::size_t pictures = row.rate >= 100 ? 1'500 : 300;
  const double took = seconds_of(pictures);
  const double allowed = (static_cast<double>(pictures) - row.burst) / row.rate;
  RecordProperty("times_allowed", fmt::format("{:.2f}", took / allowed));
  fmt::print("{:.1f} s, {:.2f} of what is allowed, {} of {} refused\n", took, took / allowed, refused_,
             asked_);
  EXPECT_LE(took, 1.3 * allowed);
  EXPECT_LE(refused_, asked_ / 10);
}

// One that says "a second" each time, as many do, whatever its rate: it is held to, and the rate is learnt all the same.
TEST_F(MeteringHost, GivesAllWithFewRefused) {
  serve({20, 20, 20, 16, false, 429});
  retry_after_ = "1";
  options_.retry.attempts_max = 2;
  make();
  EXPECT_LE(seconds_of(300), 25);
  EXPECT_LE(refused_, asked_ / 10);
}

// A new run begins with what was learnt: hardly anything is refused.
TEST_F(MeteringHost, IsRememberedInTheNextRun) {
  serve({20, 0, 20});
  make();
  seconds_of(300);
  const HostMemory memory = downloader_->memory();
  ASSERT_EQ(memory.spacings.size(), 1u);
  EXPECT_GE(memory.spacings[0].second, Millis(45));
  EXPECT_LE(memory.spacings[0].second, Millis(70));
  asked_ = refused_ = 0;
  make();
  downloader_->remember(memory);
  EXPECT_LE(seconds_of(100), 1.3 * 5);
  EXPECT_LE(refused_, 5);
}

// Pictures that answer so on their own account, at a host that has no limit: all come, and soon.
struct Faults {
  std::string name;
  int every;  // such a picture; the others are good
  int times;  // that it is refused
  int status;
  int web_page_every = 0;  // of those that are left, for ever
  double rate = 0;         // 0: no limit
  unsigned pictures = 200;
};

class OwnFaults : public MeteringHost, public testing::WithParamInterface<Faults> {};

TEST_P(OwnFaults, AreNotTakenForALimit) {
  const Faults& row = GetParam();
  meter_ = {row.rate, 5};
  std::map<int, int> tries;
  options_.plausible = [](std::string_view body) { return body != "web page"; };
  transport_.answer_with([&](const Request& request) -> std::optional<Reply> {
    last_arrival_ = std::max(last_arrival_, clock_.steady_now() + Millis(1));
    const int number = number_of(request);
    ++asked_;
    if (!meter_.ask(last_arrival_)) return status(row.status).after(Millis(2));
    if (number % row.every == 0 && tries[number]++ < row.times) return status(row.status).after(Millis(2));
    if (row.web_page_every > 0 && number % row.web_page_every == 0) return ok("web page").after(Millis(2));
    return ok("bytes").after(Millis(2));
  });
  HostMemory memory;
  for (int night = 0; night < 10; ++night) {
    make();
    downloader_->remember(memory);
    tries.clear();
    const SteadyTime start = clock_.steady_now();
    asked_ = 0;
    add_many(row.pictures);
    const std::size_t fetched = count<Fetched>(run());
    EXPECT_EQ(fetched >= row.pictures, row.web_page_every == 0);
    const double took = std::chrono::duration<double>(clock_.steady_now() - start).count();
    fmt::print("{}: {:.1f} s, {} asked\n", row.name, took, asked_);
    EXPECT_LE(took, row.rate > 0 ? 4 * row.pictures / row.rate : 30);
    memory = downloader_->memory();
  }
}

// What stands before a host may hold some pictures while the host itself is down: that those are granted when the downloader
// probes with them ends no outage.
TEST_F(MeteringHost, IsLeftAloneThoughACacheBeforeItStillHasSome) {
  transport_.answer_with([&](const Request& request) -> std::optional<Reply> {
    ++asked_;
    return number_of(request) <= 50 ? ok("bytes").after(Millis(2)) : status(503).after(Millis(2));
  });
  make();
  const SteadyTime start = clock_.steady_now();
  add_many(10'000);
  const auto results = run();
  EXPECT_EQ(count<Fetched>(results), 50u);
  EXPECT_GE(count<Cancelled>(results), 9'000u);
  ASSERT_EQ(downloader_->trouble().size(), 1u);
  EXPECT_TRUE(downloader_->trouble()[0].outage);
  EXPECT_LE(clock_.steady_now() - start, std::chrono::seconds(400));
  fmt::print("{} asked\n", asked_);
  EXPECT_LE(asked_, 2'000);
}

INSTANTIATE_TEST_SUITE_P(
    Pictures, OwnFaults,
    testing::Values(Faults{"third_twice_503", 3, 2, 503}, Faults{"third_once_429", 3, 1, 429},
                    Faults{"half_twice_503", 2, 2, 503}, Faults{"all_once_503", 1, 1, 503},
                    Faults{"tenth_twice_429", 10, 2, 429}, Faults{"few_third_once_429", 3, 1, 429, 0, 0, 45},
                    Faults{"few_third_twice_503", 3, 2, 503, 0, 0, 45},
                    Faults{"few_half_once_429", 2, 1, 429, 0, 0, 60}, Faults{"with_web_pages", 5, 2, 503, 2},
                    Faults{"few_of_a_slow_host", 10, 2, 503, 0, 20}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(Meters, PacedHost,
                         testing::Values(Row{5, 0, 1}, Row{5, 0, 80}, Row{5, 20, 1}, Row{5, 20, 80},
                                         Row{20, 0, 1}, Row{20, 0, 80}, Row{20, 20, 1}, Row{20, 20, 80},
                                         Row{100, 0, 1}, Row{100, 0, 80}, Row{100, 20, 1}, Row{100, 20, 80},
                                         Row{20, 0, 1, 16, false, 429}, Row{20, 20, 1, 16, true},
                                         Row{20, 20, 80, 64, true}, Row{20, 0, 1, 4}, Row{2, 5, 20},
                                         Row{300, 50, 20}),
                         name_of_row);

}  // namespace
}  // namespace medimirror
