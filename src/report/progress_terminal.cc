#include <fmt/format.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include <cstddef>
#include <iterator>
#include <string>
#include <vector>

#include "base/ascii.h"
#include "base/foreign_text.h"
#include "base/text_encoding.h"
#include "base/units.h"
#include "report/progress_styles.h"
#include "report/rate.h"

namespace medimirror {

namespace {

constexpr Millis kPace{200};
constexpr std::size_t kColumnsDefault = 80;
constexpr std::size_t kCutColumnsMin = 20;  // less of a sentence says nothing
constexpr std::string_view kRed = "\x1b[31m", kPlain = "\x1b[0m";
// Back to the line's start and clear to its end: not a colour, so NO_COLOR does not concern it.
constexpr std::string_view kClearLine = "\r\x1b[K";

std::size_t columns_of(int fd) {
  if (const char* text = ::getenv("COLUMNS")) {
    const auto columns = whole_number<std::size_t>(text);
    if (columns && *columns > 0) return *columns;
  }
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return kColumnsDefault;
}

// In bytes, which are at least as many as columns; never within a character.
void cut_to(std::string& text, std::size_t bytes) {
  text.resize(shortened(text, bytes).size());
}

bool colours_wanted() {
  const char* no_color = ::getenv("NO_COLOR");
  const char* term = ::getenv("TERM");
  return (no_color == nullptr || *no_color == '\0') && term != nullptr && std::string_view(term) != "dumb";
}

// One line, overprinted. It never fills the terminal's last column, where some would wrap it and leave it
// behind.
class TerminalProgress final : public Progress {
 public:
  TerminalProgress(int fd, SteadyTime start)
      : fd_(fd), shown_(start - kPace), rate_(start), coloured_(colours_wanted()) {}

  void update(const ProgressSnapshot& snapshot, SteadyTime now) override {
    last_ = snapshot;
    rate_.update(snapshot, now);
    if (now - shown_ < kPace) return;
    shown_ = now;
    show_line();
  }

  void say(std::string_view sentence) override {
    show(fd_, fmt::format("{}{}\n", live_ ? kClearLine : "", plain_line(sentence)));
    if (live_) show_line();
  }

  void finish(SteadyTime) override {
    if (live_) show(fd_, kClearLine);
    live_ = false;
  }

 private:
  struct Part {
    std::string text;
    bool alarming = false;
    bool may_be_cut = false;
  };

  // Of what is waited for, to be cut short where it does not fit.
  std::string waits() const {
    if (last_.waits.empty()) return {};
    std::string text = fmt::format("waiting for {}", describe(last_.waits.front(), shown_));
    if (last_.waits.size() > 1)
      fmt::format_to(std::back_inserter(text), " (and {} more)", last_.waits.size() - 1);
    return text;
  }

  // Most important first: what does not fit the terminal is left out from the end.
  std::vector<Part> parts() const {
    std::vector<Part> parts;
    parts.push_back({last_.to_fetch == 0 && !last_.listing_done
                         ? fmt::format("listing {}", format_count(last_.listed))
                         : fmt::format("{}/{}{}", format_count(last_.done), format_count(last_.to_fetch),
                                       last_.listing_done ? "" : "+")});
    if (last_.failed > 0) parts.push_back({fmt::format("{} failed", format_count(last_.failed)), true});
    if (!last_.waits.empty()) parts.push_back({waits(), false, true});
    if (last_.to_fetch > 0) {
      if (const auto left = rate_.time_left(last_))
        parts.push_back({fmt::format("{} left", format_duration(*left))});
      parts.push_back({fmt::format("{:.1f}/s", rate_.items_per_second())});
      parts.push_back({format_bytes(last_.bytes)});
      parts.push_back(
          {fmt::format("{}/s", format_bytes(static_cast<std::uint64_t>(rate_.bytes_per_second())))});
      if (!last_.listing_done) parts.push_back({fmt::format("listing {}", format_count(last_.listed))});
    }
    return parts;
  }

  void show_line() {
    const std::size_t columns_max = columns_of(fd_) - 1;
    std::string line(kClearLine);
    std::size_t columns = 0;
    for (Part& part : parts()) {
      const std::size_t gap = columns == 0 ? 0 : 2;
      if (part.may_be_cut && columns + gap + kCutColumnsMin < columns_max)
        cut_to(part.text, columns_max - columns - gap);
      if (columns + gap + part.text.size() > columns_max) break;
      line.append(gap, ' ');
      if (part.alarming && coloured_)
        line.append(kRed).append(part.text).append(kPlain);
      else
        line += part.text;
      columns += gap + part.text.size();
    }
    live_ = true;
    show(fd_, line);
  }

  int fd_;
  SteadyTime shown_;
  Rate rate_;
  ProgressSnapshot last_;
  bool coloured_;
  bool live_ = false;
};

}  // namespace

std::unique_ptr<Progress> make_terminal_progress(int fd, SteadyTime start) {
  return std::make_unique<TerminalProgress>(fd, start);
}

}  // namespace medimirror
