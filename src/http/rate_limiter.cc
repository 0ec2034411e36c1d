#include "http/rate_limiter.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/ascii.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

namespace medimirror {

namespace {

constexpr Millis kAskAgainWhenBusy{20};
constexpr Millis kBusyMax{5'000};  // the lock is held for microseconds; longer means its holder was stopped
constexpr std::size_t kLedgerBytesMax = 64 * 1024;
constexpr std::string_view kPauseWord = "pause ";

std::optional<WallTime> parse_millis(std::string_view text) {
  const auto millis = whole_number<std::int64_t>(text);
  return millis && *millis >= 0 ? std::optional(WallTime(Millis(*millis))) : std::nullopt;
}

}  // namespace

// ---------------------------------------------------------------- the window

std::optional<WallTime> next_allowed(const std::vector<WallTime>& window, std::size_t per_minute,
                                     WallTime now) {
  const std::size_t places = std::max<std::size_t>(per_minute, 1);
  std::vector<WallTime> recent;
  for (const WallTime time : window)
    if (time > now - kRateWindow) recent.push_back(std::min(time, now));
  if (recent.size() < places) return std::nullopt;
  // The one whose leaving brings the count below the limit, not just the oldest: the limit may have been
  // lowered.
  const auto leaver = recent.end() - static_cast<std::ptrdiff_t>(places);
  std::nth_element(recent.begin(), leaver, recent.end());
  return *leaver + kRateWindow;
}

// ---------------------------------------------------------------- the ledger file

class RateLimiter::Ledger {
 public:
  explicit Ledger(const std::filesystem::path& path) : path_(path) {
    if (path.has_parent_path()) make_folders(path.parent_path());
    fd_ = open_file(path, O_RDWR | O_CREAT, 0644);
  }

  bool try_lock() {
    if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) return true;
    if (errno == EWOULDBLOCK || errno == EINTR) return false;
    throw_errno(errno, fmt::format("lock {}", path_.native()));
  }

  // Nothing: damaged.
  std::optional<Book> read() const {
    std::string text(kLedgerBytesMax, '\0');
    const ssize_t size = ::pread(fd_.get(), text.data(), text.size(), 0);
    if (size < 0) throw_errno(errno, fmt::format("read {}", path_.native()));
    text.resize(static_cast<std::size_t>(size));
    Book book;
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      if (end == std::string_view::npos || !read_line(rest.substr(0, end), book)) return std::nullopt;
      rest.remove_prefix(end + 1);
    }
    return book;
  }

  // One write, then the cut: killed in between, older lines are left at the end, which errs on the careful
  // side.
  void write(const Book& book) const {
    std::string text;
    for (const WallTime time : book.requests)
      fmt::format_to(std::back_inserter(text), "{}\n", time.time_since_epoch().count());
    if (book.paused_until != WallTime())
      fmt::format_to(std::back_inserter(text), "{}{}\n", kPauseWord,
                     book.paused_until.time_since_epoch().count());
    const ssize_t written = ::pwrite(fd_.get(), text.data(), text.size(), 0);
    if (written != static_cast<ssize_t>(text.size()) ||
        ::ftruncate(fd_.get(), static_cast<off_t>(text.size())) != 0)
      throw_errno(errno, fmt::format("write {}", path_.native()));
  }

 private:
  static bool read_line(std::string_view line, Book& book) {
    const bool pause = line.starts_with(kPauseWord);
    const auto time = parse_millis(pause ? line.substr(kPauseWord.size()) : line);
    if (!time) return false;
    if (pause)
      book.paused_until = *time;
    else
      book.requests.push_back(*time);
    return true;
  }

  const std::filesystem::path& path_;
  UniqueFd fd_;
};

void RateLimiter::give_up_ledger(std::string_view why) {
  log_warning("{}; until the end of this run the request limit is kept within this process only", why);
  options_.ledger.clear();
}

// Reads the book, lets `change` alter it, writes it back when altered. `none`: there is no ledger (any more).
template <typename Change>
RateLimiter::Access RateLimiter::change_book(Change change) {
  if (options_.ledger.empty()) return Access::none;
  try {
    Ledger ledger(options_.ledger);
    if (!ledger.try_lock()) return Access::busy;
    busy_since_.reset();
    const auto on_disk = ledger.read();
    if (on_disk)
      book_ = *on_disk;
    else
      log_warning("the ledger of requests {} is damaged and is begun anew", options_.ledger.native());
    change(book_);
    if (book_ != on_disk) ledger.write(book_);
    return Access::mine;
  } catch (const Error& error) {
    give_up_ledger(error.what());
    return Access::none;
  }
}

// ---------------------------------------------------------------- taking places

RateLimiter::RateLimiter(Options options) : options_(std::move(options)) {
  options_.per_minute = std::max<std::size_t>(options_.per_minute, 1);
}

std::optional<WallTime> RateLimiter::try_take_from(Book& book, WallTime now) const {
  // Written back as now: left in the future, such a time would count as "now" at every look until the clock
  // got there.
  for (WallTime& time : book.requests) time = std::min(time, now);
  std::ranges::sort(book.requests);
  std::erase_if(book.requests, [now](WallTime time) { return time <= now - kRateWindow; });
  book.paused_until =
      book.paused_until <= now ? WallTime() : std::min(book.paused_until, now + kRatePauseMax);
  if (book.paused_until > now) return book.paused_until;
  if (const auto later = next_allowed(book.requests, options_.per_minute, now)) return later;
  book.requests.push_back(now);
  return std::nullopt;
}

std::optional<WallTime> RateLimiter::try_take(WallTime now) {
  std::optional<WallTime> later;
  const Access access = change_book([&](Book& book) { later = try_take_from(book, now); });
  if (access == Access::mine) return later;
  if (access == Access::busy) {
    if (!busy_since_ || *busy_since_ > now) busy_since_ = now;
    if (now - *busy_since_ < kBusyMax) return now + kAskAgainWhenBusy;
    give_up_ledger(fmt::format("another process has been holding {} for seconds", options_.ledger.native()));
  }
  return try_take_from(book_, now);
}

void RateLimiter::answered(WallTime taken, WallTime now) {
  const auto move = [&](Book& book) {
    const auto place = std::ranges::find(book.requests, taken);
    if (place != book.requests.end() && now > taken) *place = now;
    std::ranges::sort(book.requests);
  };
  if (change_book(move) != Access::mine) move(book_);
}

void RateLimiter::pause_until(WallTime until) {
  const auto pause = [&](Book& book) { book.paused_until = std::max(book.paused_until, until); };
  if (change_book(pause) != Access::mine) pause(book_);
}

}  // namespace medimirror
