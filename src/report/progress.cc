#include "report/progress.h"

#include <unistd.h>

#include <cerrno>

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
