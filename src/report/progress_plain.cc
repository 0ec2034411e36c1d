#include <fmt/format.h>

#include <iterator>

#include "base/foreign_text.h"
#include "base/units.h"
#include "report/progress_styles.h"
#include "report/rate.h"

namespace medimirror {

namespace {

constexpr Millis kPace{10'000};

// A line each 10 s: for the journal of a timer and for log files.
class PlainProgress final : public Progress {
 public:
  PlainProgress(int fd, SteadyTime start) : fd_(fd), start_(start), shown_(start), rate_(start) {}

  void update(const ProgressSnapshot& snapshot, SteadyTime now) override {
    last_ = snapshot;
    rate_.update(snapshot, now);
    if (now - shown_ < kPace) return;
    shown_ = now;
    show_line(now);
  }

  void say(std::string_view sentence) override { show(fd_, fmt::format("{}\n", plain_line(sentence))); }
  void finish(SteadyTime now) override {
    last_.waits.clear();
    show_line(now);
  }

 private:
  void show_line(SteadyTime now) const {
    std::string line =
        fmt::format("{}: listed {}{}", format_duration(std::chrono::duration_cast<Millis>(now - start_)),
                    format_count(last_.listed), last_.listing_done ? "" : " so far");
    if (last_.to_fetch > 0)
      fmt::format_to(std::back_inserter(line), ", done {} of {}, {}", format_count(last_.done),
                     format_count(last_.to_fetch), format_bytes(last_.bytes));
    if (last_.failed > 0) fmt::format_to(std::back_inserter(line), ", {} failed", format_count(last_.failed));
    if (last_.done < last_.to_fetch) {
      fmt::format_to(std::back_inserter(line), ", {:.1f}/s, {}/s", rate_.items_per_second(),
                     format_bytes(static_cast<std::uint64_t>(rate_.bytes_per_second())));
      if (const auto left = rate_.time_left(last_))
        fmt::format_to(std::back_inserter(line), ", {} left", format_duration(*left));
    }
    line += '\n';
    for (const Waiting& waiting : last_.waits)
      fmt::format_to(std::back_inserter(line), "  waiting for {}\n", describe(waiting, now));
    show(fd_, line);
  }

  int fd_;
  SteadyTime start_, shown_;
  Rate rate_;
  ProgressSnapshot last_;
};

}  // namespace

std::unique_ptr<Progress> make_plain_progress(int fd, SteadyTime start) {
  return std::make_unique<PlainProgress>(fd, start);
}

}  // namespace medimirror
