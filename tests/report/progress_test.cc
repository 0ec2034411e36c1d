#include "report/progress.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "report/rate.h"

namespace medimirror {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

const SteadyTime kStart{std::chrono::hours(1000)};

SteadyTime at(int milliseconds) {
  return kStart + Millis(milliseconds);
}

ProgressSnapshot snapshot_of(std::uint64_t done, std::uint64_t to_fetch, bool listing_done = true) {
  ProgressSnapshot snapshot;
  snapshot.listed = 5000;
  snapshot.listing_done = listing_done;
  snapshot.to_fetch = to_fetch;
  snapshot.done = done;
  snapshot.bytes = done * 45'000;
  return snapshot;
}

class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* old = ::getenv(name)) old_ = old;
    if (value != nullptr)
      ::setenv(name, value, 1);
    else
      ::unsetenv(name);
  }
  ~Environment() {
    if (old_)
      ::setenv(name_, old_->c_str(), 1);
    else
      ::unsetenv(name_);
  }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

class Pipe {
 public:
  Pipe() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("pipe");
    read_ = UniqueFd(fds[0]);
    write_ = UniqueFd(fds[1]);
  }
  int fd() const { return write_.get(); }
  std::string text() {
    std::string all;
    char buffer[4096];
    for (ssize_t count; (count = ::read(read_.get(), buffer, sizeof buffer)) > 0;)
      all.append(buffer, static_cast<std::size_t>(count));
    return all;
  }
  void close_reader() { read_.reset(); }

 private:
  UniqueFd read_, write_;
};

TEST(Progress, PlainShowsALineEveryTenSeconds) {
  Pipe pipe;
  const auto progress = make_progress(ProgressStyle::plain, pipe.fd(), kStart);
  for (int second = 0; second < 10; ++second) progress->update(snapshot_of(0, 100, false), at(second * 1000));
  EXPECT_EQ(pipe.text(), "");
  progress->update(snapshot_of(20, 100, false), at(10'000));
  EXPECT_THAT(pipe.text(), StartsWith("10.0 s: listed 5 000 so far, done 20 of 100, 900.0 KB"));
  progress->update(snapshot_of(21, 100), at(19'999));
  EXPECT_EQ(pipe.text(), "");
  progress->say("listing cut: the stream ended early");
  EXPECT_EQ(pipe.text(), "listing cut: the stream ended early\n");
  ProgressSnapshot last = snapshot_of(100, 100);
  last.failed = 3;
  progress->update(last, at(19'999));
  progress->finish(at(25'000));
  EXPECT_EQ(pipe.text(), "25.0 s: listed 5 000, done 100 of 100, 4.5 MB, 3 failed\n");
}

TEST(Progress, PlainSpeaksOfFetchingOnlyWhereThereIsSome) {
  Pipe pipe;
  const auto progress = make_progress(ProgressStyle::plain, pipe.fd(), kStart);
  progress->update(snapshot_of(0, 0, false), at(10'000));
  EXPECT_EQ(pipe.text(), "10.0 s: listed 5 000 so far\n");
}

TEST(Progress, JsonShowsAnObjectEverySecond) {
  Pipe pipe;
  const auto progress = make_progress(ProgressStyle::json, pipe.fd(), kStart);
  progress->update(snapshot_of(0, 100), at(500));
  EXPECT_EQ(pipe.text(), "");
  progress->update(snapshot_of(10, 100), at(1000));
  EXPECT_EQ(pipe.text(),
            R"({"event":"progress","seconds":1.0,"listed":5000,"listing_done":true,"to_fetch":100,"done":10,)"
            R"("failed":0,"in_flight":0,"bytes":450000,"items_per_second":20.0,"bytes_per_second":900000.0,)"
            R"("seconds_left":4,"waits":[]})"
            "\n");
  progress->say("a \"quoted\"\nsentence \xff");
  EXPECT_EQ(pipe.text(),
            "{\"event\":\"message\",\"message\":\"a \\\"quoted\\\"\\nsentence \xef\xbf\xbd\"}\n");
  progress->finish(at(2000));
  EXPECT_THAT(pipe.text(), StartsWith(R"({"event":"finished","seconds":2.0)"));
}

Waiting a_wait() {
  return {"https://media.example", "it limits how often it is asked (429)", at(3'000), at(40'000),
          at(303'000)};
}

TEST(Progress, SaysWhatIsWaitedFor) {
  ProgressSnapshot snapshot = snapshot_of(20, 100);
  snapshot.waits = {a_wait()};
  Pipe plain;
  make_progress(ProgressStyle::plain, plain.fd(), kStart)->update(snapshot, at(10'000));
  const std::string lines = plain.text();
  EXPECT_THAT(
      lines,
      HasSubstr("\n  waiting for https://media.example: it limits how often it is asked (429), for 7.0 s; "
                "asked again in 30.0 s; given up in 4 min 53 s\n"));
  EXPECT_THAT(lines, Not(HasSubstr(" left")));

  Pipe json;
  make_progress(ProgressStyle::json, json.fd(), kStart)->update(snapshot, at(10'000));
  const std::string object = json.text();
  EXPECT_THAT(object, HasSubstr(R"("seconds_left":null,"waits":[{"for":"https://media.example",)"));
  EXPECT_THAT(object, HasSubstr(R"("seconds":7.0,"asked_in":30.0,"given_up_in":293.0}])"));
}

TEST(Progress, AnAnswerThatIsAwaitedHasNoTime) {
  ProgressSnapshot snapshot = snapshot_of(0, 0, false);
  snapshot.waits = {{"https://api.example", "it has not begun to answer", at(0), {}, {}}};
  Pipe plain;
  make_progress(ProgressStyle::plain, plain.fd(), kStart)->update(snapshot, at(90'000));
  EXPECT_THAT(plain.text(), HasSubstr("it has not begun to answer, for 1 min 30 s; its answer is awaited\n"));
}

TEST(Progress, NoneShowsNothing) {
  Pipe pipe;
  const auto progress = make_progress(ProgressStyle::none, pipe.fd(), kStart);
  progress->update(snapshot_of(1, 2), at(60'000));
  progress->say("anything");
  progress->finish(at(60'000));
  EXPECT_EQ(pipe.text(), "");
}

TEST(Progress, AReaderThatIsGoneDoesNotStopTheRun) {
  ::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  pipe.close_reader();
  for (const ProgressStyle style : {ProgressStyle::terminal, ProgressStyle::plain, ProgressStyle::json}) {
    const auto progress = make_progress(style, pipe.fd(), kStart);
    progress->update(snapshot_of(1, 2), at(60'000));
    progress->say("anything");
    progress->finish(at(60'000));
  }
}

class ProgressTerminal : public testing::Test {
 protected:
  ProgressTerminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK)) {
    if (!master_ || ::grantpt(master_.get()) != 0 || ::unlockpt(master_.get()) != 0) return;
    slave_ = UniqueFd(::open(::ptsname(master_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  }
  void SetUp() override {
    if (!slave_) GTEST_SKIP() << "there are no pseudo terminals here";
  }
  std::string text() {
    ::tcdrain(slave_.get());
    std::string all;
    char buffer[4096];
    for (ssize_t count; (count = ::read(master_.get(), buffer, sizeof buffer)) > 0;)
      all.append(buffer, static_cast<std::size_t>(count));
    return all;
  }
  void set_width(unsigned short columns) {
    winsize size{};
    size.ws_col = columns;
    size.ws_row = 24;
    ::ioctl(master_.get(), TIOCSWINSZ, &size);
  }
  std::unique_ptr<Progress> make() { return make_progress(ProgressStyle::terminal, slave_.get(), kStart); }

  Environment columns_{"COLUMNS", nullptr}, no_color_{"NO_COLOR", nullptr}, term_{"TERM", "xterm"};
  UniqueFd master_, slave_;
};

TEST_F(ProgressTerminal, OverprintsOneLine) {
  set_width(120);
  const auto progress = make();
  progress->update(snapshot_of(0, 100), at(0));
  text();
  ProgressSnapshot snapshot = snapshot_of(20, 100);
  snapshot.failed = 2;
  progress->update(snapshot, at(1000));
  EXPECT_EQ(text(), "\r\x1b[K20/100  \x1b[31m2 failed\x1b[0m  4.0 s left  20.0/s  900.0 KB  900.0 KB/s");
  progress->update(snapshot, at(1100));
  EXPECT_EQ(text(), "") << "not more often than five times a second";
  progress->say("draining");
  EXPECT_THAT(text(), StartsWith("\r\x1b[Kdraining\r\n\r\x1b[K20/100"));
  progress->finish(at(2000));
  EXPECT_EQ(text(), "\r\x1b[K");
}

TEST_F(ProgressTerminal, ShowsTheListingFirst) {
  set_width(120);
  const auto progress = make();
  progress->update(snapshot_of(0, 0, false), at(0));
  EXPECT_EQ(text(), "\r\x1b[Klisting 5 000");
  progress->update(snapshot_of(1, 50, false), at(1000));
  EXPECT_THAT(text(), HasSubstr("1/50+  1.0/s"));
}

TEST_F(ProgressTerminal, SaysWhatIsWaitedForAsFarAsItFits) {
  set_width(80);
  const auto progress = make();
  ProgressSnapshot snapshot = snapshot_of(20, 100);
  snapshot.waits = {a_wait(), a_wait()};
  progress->update(snapshot, at(10'000));
  const std::string shown = text().substr(4);
  EXPECT_THAT(shown, StartsWith("20/100  waiting for https://media.example: it limits how often"));
  EXPECT_EQ(shown.size(), 79u);
  set_width(200);
  progress->update(snapshot, at(11'000));
  EXPECT_THAT(text(), HasSubstr("asked again in 29.0 s; given up in 4 min 52 s (and 1 more)"));
}

TEST_F(ProgressTerminal, HasNoColoursWhenNoneAreWanted) {
  ProgressSnapshot snapshot = snapshot_of(20, 100);
  snapshot.failed = 2;
  const auto show = [&] {
    make()->update(snapshot, at(1000));
    return text();
  };
  EXPECT_THAT(show(), HasSubstr("\x1b[31m"));
  {
    const Environment no_color("NO_COLOR", "1");
    EXPECT_THAT(show(), Not(HasSubstr("\x1b[31m")));
  }
  {
    const Environment empty("NO_COLOR", "");
    EXPECT_THAT(show(), HasSubstr("\x1b[31m")) << "empty means not set";
  }
  const Environment dumb("TERM", "dumb");
  EXPECT_THAT(show(), Not(HasSubstr("\x1b[31m")));
}

TEST_F(ProgressTerminal, FitsTheTerminal) {
  const Environment no_color("NO_COLOR", "1");
  for (unsigned short columns = 1; columns < 100; ++columns) {
    set_width(columns);
    const auto progress = make();
    ProgressSnapshot snapshot = snapshot_of(123'456, 1'000'000, false);
    snapshot.failed = 2;
    if (columns % 2 == 0) snapshot.waits = {a_wait()};
    progress->update(snapshot, at(10'000));
    const std::string shown = text();
    EXPECT_LT(shown.size() - 4, columns) << shown;
  }
  set_width(100);
  const Environment columns("COLUMNS", "12");
  const auto progress = make();
  progress->update(snapshot_of(20, 100), at(1000));
  EXPECT_EQ(text().substr(4), "20/100");
}

TEST(Rate, SmoothsAndForgets) {
  Rate rate(kStart);
  EXPECT_FALSE(rate.time_left(snapshot_of(0, 100)));
  rate.update(snapshot_of(100, 10'000), at(1000));
  EXPECT_DOUBLE_EQ(rate.items_per_second(), 100);
  rate.update(snapshot_of(100, 10'000), at(2000));
  EXPECT_GT(rate.items_per_second(), 85) << "one idle second does not stop the clock";
  for (int second = 3; second < 120; ++second) rate.update(snapshot_of(100, 10'000), at(1000 * second));
  EXPECT_LT(rate.items_per_second(), 1);
  EXPECT_FALSE(rate.time_left(snapshot_of(100, 10'000, false))) << "the whole is not known";
  EXPECT_EQ(rate.time_left(snapshot_of(100, 100)), Millis(0));
}

TEST(Rate, SaysNoTimeLeftWhereNothingMoves) {
  Rate rate(kStart);
  rate.update(snapshot_of(100, 10'000), at(1000));
  ProgressSnapshot waiting = snapshot_of(100, 10'000);
  EXPECT_EQ(rate.time_left(waiting), Millis(99'000));
  waiting.waits.push_back(a_wait());
  EXPECT_FALSE(rate.time_left(waiting)) << "whoever is waited for decides";
  for (int second = 2; second <= 40; ++second) rate.update(snapshot_of(100, 10'000), at(1000 * second));
  EXPECT_GT(rate.items_per_second(), 0);
  EXPECT_FALSE(rate.time_left(snapshot_of(100, 10'000))) << "a rate that only fades away is none";
  rate.update(snapshot_of(200, 10'000), at(41'000));
  EXPECT_TRUE(rate.time_left(snapshot_of(200, 10'000)));
}

TEST(Rate, TimeThatStandsStillDividesNothing) {
  Rate rate(kStart);
  rate.update(snapshot_of(100, 200), kStart);
  rate.update(snapshot_of(100, 200), kStart - Millis(5000));
  EXPECT_EQ(rate.items_per_second(), 0);
  EXPECT_FALSE(rate.time_left(snapshot_of(100, 200)));
}

}  // namespace
}  // namespace medimirror
