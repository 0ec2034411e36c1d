#include "base/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/ascii.h"

namespace medimirror {

namespace {

// Splits "10.5 MiB" into the number and "MiB".
std::optional<double> take_number(std::string_view& text) {
  text = trim(text);
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(value) || value < 0) return std::nullopt;
  text = trim(text.substr(static_cast<std::size_t>(end - text.data())));
  return value;
}

}  // namespace

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  const auto value = take_number(text);
  if (!value) return std::nullopt;
  double unit = 1;
  if (!text.empty() && text != "B") {
    static constexpr std::string_view kLetters = "KMGT";
    char letter = text.front();
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
    const auto power = kLetters.find(letter);
    if (power == std::string_view::npos) return std::nullopt;
    const std::string_view rest = text.substr(1);
    if (rest != "" && rest != "iB" && rest != "B") return std::nullopt;
    unit = std::pow(rest == "B" ? 1000.0 : 1024.0, static_cast<double>(power + 1));
  }
  const double bytes = *value * unit;
  if (bytes > 9e18) return std::nullopt;
  return static_cast<std::uint64_t>(bytes);
}

std::string format_bytes(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  static constexpr std::array kUnits{"KB", "MB", "GB", "TB", "PB"};
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (value >= 999.95 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
  const auto value = take_number(text);
  if (!value) return std::nullopt;
  double unit = 0;
  if (text.empty() || text == "s") unit = 1;
  if (text == "m" || text == "min") unit = 60;
  if (text == "h") unit = 3600;
  if (text == "d") unit = 86400;
  const double seconds = *value * unit;
  if (unit == 0 || seconds > 1e12) return std::nullopt;
  return std::chrono::seconds(static_cast<std::int64_t>(seconds));
}

std::string format_duration(Millis span) {
  const auto seconds = span.count() / 1000;
  if (seconds < 60) return fmt::format("{:.1f} s", static_cast<double>(span.count()) / 1000);
  if (seconds < 3600) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  if (seconds < 2 * 86400) return fmt::format("{} h {:02} min", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{} days", seconds / 86400);
}

std::uint64_t CountOrShare::of(std::uint64_t total) const {
  if (!is_share) return static_cast<std::uint64_t>(value);
  return static_cast<std::uint64_t>(std::ceil(value / 100 * static_cast<double>(total)));
}

std::string CountOrShare::text() const {
  return is_share ? fmt::format("{}%", value) : fmt::format("{}", value);
}

std::optional<CountOrShare> parse_count_or_share(std::string_view text) {
  const auto value = take_number(text);
  if (!value) return std::nullopt;
  if (text == "%") return *value <= 100 ? std::optional(CountOrShare{*value, true}) : std::nullopt;
  if (!text.empty() || *value != std::floor(*value) || *value > 1e15) return std::nullopt;
  return CountOrShare{*value, false};
}

std::string format_utc(UnixSeconds time) {
  using namespace std::chrono;
  const sys_seconds moment{seconds(time)};
  const auto day = floor<days>(moment);
  const year_month_day date(day);
  const hh_mm_ss clock(moment - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::optional<UnixSeconds> parse_utc(std::string_view text) {
  using namespace std::chrono;
  text = trim(text);
  if (is_digits(text)) return whole_number<UnixSeconds>(text);
  if (text.size() != 10 &&
      !(text.size() == 20 && text[10] == 'T' && text[13] == ':' && text[16] == ':' && text[19] == 'Z'))
    return std::nullopt;
  if (text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto y = whole_number<int>(text.substr(0, 4)), mo = whole_number<int>(text.substr(5, 2)),
             d = whole_number<int>(text.substr(8, 2));
  if (!y || !mo || !d || *mo < 1 || *d < 1) return std::nullopt;
  const year_month_day date(year(*y), month(static_cast<unsigned>(*mo)), day(static_cast<unsigned>(*d)));
  if (!date.ok()) return std::nullopt;
  UnixSeconds value = sys_seconds(sys_days(date)).time_since_epoch().count();
  if (text.size() == 20) {
    const auto h = whole_number<int>(text.substr(11, 2)), mi = whole_number<int>(text.substr(14, 2)),
               s = whole_number<int>(text.substr(17, 2));
    if (!h || !mi || !s || *h < 0 || *h > 23 || *mi < 0 || *mi > 59 || *s < 0 || *s > 60) return std::nullopt;
    value += *h * 3600 + *mi * 60 + *s;
  }
  return value;
}

std::string format_count(std::uint64_t count) {
  const std::string digits = fmt::format("{}", count);
  std::string grouped;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) grouped += ' ';
    grouped += digits[i];
  }
  return grouped;
}

}  // namespace medimirror
