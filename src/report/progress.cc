#include "report/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "base/units.h"
#include "report/headline.h"
#include "report/progress_styles.h"

namespace medimirror {

namespace {

class NoProgress final : public Progress {
 public:
  void update(const ProgressSnapshot&, SteadyTime) override {}
  void say(std::string_view) override {}
  void finish(SteadyTime) override {}
};

}  // namespace

void show(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::optional<Millis> until(const std::optional<SteadyTime>& time, SteadyTime now) {
  if (!time || *time <= now) return std::nullopt;
  return std::chrono::ceil<Millis>(*time - now);
}

std::string describe(const Waiting& waiting, SteadyTime now) {
  const auto next = until(waiting.next, now), end = until(waiting.gives_up, now);
  std::string text = fmt::format("{}: {}, for {}; ", shown(waiting.who), shown(waiting.why),
                                 format_duration(std::chrono::duration_cast<Millis>(now - waiting.since)));
  text += next ? fmt::format("asked again in {}", format_duration(*next)) : "its answer is awaited";
  if (end) text += fmt::format("; given up in {}", format_duration(*end));
  return text;
}

std::unique_ptr<Progress> make_progress(ProgressStyle style, int fd, SteadyTime start) {
  switch (style) {
    case ProgressStyle::terminal:
      return make_terminal_progress(fd, start);
    case ProgressStyle::plain:
      return make_plain_progress(fd, start);
    case ProgressStyle::json:
      return make_json_progress(fd, start);
    case ProgressStyle::none:
      break;
  }
  return std::make_unique<NoProgress>();
}

}  // namespace medimirror
