#include "http/response.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"

namespace medimirror {

namespace {

using std::chrono::seconds;

constexpr seconds kRetryAfterMax = std::chrono::hours(24);
constexpr std::size_t kValidatorBytesMax = 1024;
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

// Takes pieces off the front of a date; after the first piece that does not fit, nothing fits any more.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : text_(text) {}

  int number(std::size_t digits) {
    if (text_.size() < digits) return fail();
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return fail();
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(digits);
    return value;
  }
  unsigned month() {
    const auto found = std::ranges::find(kMonths, text_.substr(0, 3));
    if (found == kMonths.end()) return static_cast<unsigned>(fail());
    text_.remove_prefix(3);
    return static_cast<unsigned>(found - kMonths.begin()) + 1;
  }
  void literal(std::string_view expected) {
    if (!text_.starts_with(expected))
      fail();
    else
      text_.remove_prefix(expected.size());
  }
  void skip_through(char c) {
    const std::size_t at = text_.find(c);
    if (at == std::string_view::npos)
      fail();
    else
      text_.remove_prefix(at + 1);
  }
  bool next_is(char c) const { return text_.starts_with(c); }
  bool done() const { return !failed_ && text_.empty(); }

 private:
  int fail() {
    failed_ = true;
    text_ = {};
    return 0;
  }
  std::string_view text_;
  bool failed_ = false;
};

struct DateParts {
  int year = 0, day = 0, hour = 0, minute = 0, second = 0;
  unsigned month = 0;
};

void read_time(DateReader& reader, DateParts& parts) {
  parts.hour = reader.number(2);
  reader.literal(":");
  parts.minute = reader.number(2);
  reader.literal(":");
  parts.second = reader.number(2);
}

std::optional<UnixSeconds> to_unix(const DateParts& parts) {
  using namespace std::chrono;
  const year_month_day date{year(parts.year), month(parts.month), day(static_cast<unsigned>(parts.day))};
  if (!date.ok() || parts.hour > 23 || parts.minute > 59 || parts.second > 60) return std::nullopt;
  const auto time = sys_days(date) + hours(parts.hour) + minutes(parts.minute) + seconds(parts.second);
  return time.time_since_epoch().count();
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<UnixSeconds> parse_imf_date(std::string_view value) {
  DateReader reader(value);
  DateParts parts;
  reader.skip_through(',');
  reader.literal(" ");
  parts.day = reader.number(2);
  reader.literal(" ");
  parts.month = reader.month();
  reader.literal(" ");
  parts.year = reader.number(4);
  reader.literal(" ");
  read_time(reader, parts);
  reader.literal(" GMT");
  return reader.done() ? to_unix(parts) : std::nullopt;
}

// "Sunday, 06-Nov-94 08:49:37 GMT". Without a clock at hand the century follows POSIX: 69 and up are 19xx.
std::optional<UnixSeconds> parse_rfc850_date(std::string_view value) {
  DateReader reader(value);
  DateParts parts;
  reader.skip_through(',');
  reader.literal(" ");
  parts.day = reader.number(2);
  reader.literal("-");
  parts.month = reader.month();
  reader.literal("-");
  parts.year = reader.number(2);
  parts.year += parts.year >= 69 ? 1900 : 2000;
  reader.literal(" ");
  read_time(reader, parts);
  reader.literal(" GMT");
  return reader.done() ? to_unix(parts) : std::nullopt;
}

// "Sun Nov  6 08:49:37 1994"
std::optional<UnixSeconds> parse_asctime_date(std::string_view value) {
  DateReader reader(value);
  DateParts parts;
  reader.skip_through(' ');
  parts.month = reader.month();
  reader.literal(" ");
  if (reader.next_is(' ')) {
    reader.literal(" ");
    parts.day = reader.number(1);
  } else {
    parts.day = reader.number(2);
  }
  reader.literal(" ");
  read_time(reader, parts);
  reader.literal(" ");
  parts.year = reader.number(4);
  return reader.done() ? to_unix(parts) : std::nullopt;
}

// What came from outside goes back out in a request: nothing that could break a header line.
std::string validator(std::optional<std::string_view> value) {
  if (!value || value->size() > kValidatorBytesMax) return {};
  return std::ranges::none_of(*value, is_control) ? std::string(*value) : std::string();
}

}  // namespace

std::optional<std::string_view> Response::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return std::nullopt;
}

std::optional<seconds> parse_retry_after(std::string_view value, WallTime now) {
  value = trim(value);
  if (value.empty()) return std::nullopt;
  if (is_digits(value)) {
    const auto count = whole_number<std::int64_t>(value);  // nothing: more than fits
    return count ? std::min(seconds(*count), kRetryAfterMax) : kRetryAfterMax;
  }
  const auto date = parse_http_date(value);
  if (!date) return std::nullopt;
  const seconds span = seconds(*date) - std::chrono::floor<seconds>(now).time_since_epoch();
  return std::clamp(span, seconds(0), kRetryAfterMax);
}

std::optional<UnixSeconds> parse_http_date(std::string_view value) {
  value = trim(value);
  if (value.size() > 64) return std::nullopt;
  if (auto date = parse_imf_date(value)) return date;
  if (auto date = parse_rfc850_date(value)) return date;
  return parse_asctime_date(value);
}

bool is_whole(const Response& response) {
  std::string_view range = response.header("content-range").value_or("");
  if (!range.starts_with("bytes 0-")) return false;
  range.remove_prefix(8);
  const std::size_t slash = range.find('/');
  if (slash == std::string_view::npos) return false;
  const auto last = whole_number<std::uint64_t>(range.substr(0, slash)),
             total = whole_number<std::uint64_t>(range.substr(slash + 1));
  return last && total && *total > 0 && *last == *total - 1 && *total == response.bytes_received;
}

bool is_entity_tag(std::string_view value) {
  if (value.starts_with("W/")) value.remove_prefix(2);
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return false;
  return std::ranges::all_of(value.substr(1, value.size() - 2), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != '"' && byte != 0x7f;  // a blank is wrong and does no harm
  });
}

Validators validators_of(const Response& response) {
  Validators validators{validator(response.header("etag")), validator(response.header("last-modified"))};
  if (!is_entity_tag(validators.etag)) validators.etag.clear();
  return validators;
}

std::vector<std::string> conditional_headers(const Validators& held) {
  std::vector<std::string> headers;
  if (is_entity_tag(held.etag)) headers.push_back("If-None-Match: " + held.etag);
  if (!held.last_modified.empty()) headers.push_back("If-Modified-Since: " + held.last_modified);
  return headers;
}

}  // namespace medimirror
