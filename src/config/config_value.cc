#include "config/config_value.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "config/suggestion.h"

namespace medimirror {

namespace {

std::string must_be(std::string_view what, const ConfigValue& value) {
  return fmt::format("must be {}, not {}", what, value.shown());
}

const std::string* text_of(const ConfigValue& value) {
  return std::get_if<std::string>(&value.data);
}

// A whole number, written as one or, outside the file, as text.
std::optional<std::int64_t> number_of(const ConfigValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value.data)) return *number;
  const std::string* text = text_of(value);
  if (text == nullptr || !value.is_text) return std::nullopt;
  return whole_number<std::int64_t>(*text);
}

std::optional<bool> flag_of(const ConfigValue& value) {
  if (const auto* flag = std::get_if<bool>(&value.data)) return *flag;
  const std::string* text = text_of(value);
  if (text == nullptr || !value.is_text) return std::nullopt;
  if (*text == "true" || *text == "1" || *text == "yes") return true;
  if (*text == "false" || *text == "0" || *text == "no") return false;
  return std::nullopt;
}

// Numbers and texts alike, for what people write either way: 300, "300", "5m".
std::optional<std::string> number_or_text(const ConfigValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value.data)) return std::to_string(*number);
  if (const std::string* text = text_of(value)) return *text;
  return std::nullopt;
}

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, comma);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

// The largest unit that says it exactly: what was written comes back as it was.
std::string exact_bytes(std::uint64_t bytes) {
  static constexpr std::pair<std::uint64_t, std::string_view> kUnits[] = {
      {1ULL << 30, "GiB"}, {1'000'000'000, "GB"}, {1ULL << 20, "MiB"},
      {1'000'000, "MB"},   {1ULL << 10, "KiB"},   {1'000, "KB"}};
  for (const auto& [unit, name] : kUnits)
    if (bytes != 0 && bytes % unit == 0) return fmt::format("\"{}{}\"", bytes / unit, name);
  return fmt::format("{}", bytes);
}

std::string exact_span(std::chrono::seconds span) {
  static constexpr std::pair<std::int64_t, char> kUnits[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}};
  for (const auto& [unit, letter] : kUnits)
    if (span.count() != 0 && span.count() % unit == 0)
      return fmt::format("\"{}{}\"", span.count() / unit, letter);
  return fmt::format("\"{}s\"", span.count());
}

}  // namespace

std::string ConfigValue::shown() const {
  struct Show {
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(double number) const { return fmt::format("{}", number); }
    std::string operator()(const std::string& text) const {
      return fmt::format("\"{}\"", text.size() > 60 ? text.substr(0, 60) + "…" : text);
    }
    std::string operator()(const std::vector<std::string>&) const { return "a list"; }
    std::string operator()(const UnfitValue& value) const { return value.type; }
  };
  return std::visit(Show{}, data);
}

std::string toml_text(std::string_view text) {
  // JSON is full of quotation marks: leave it readable where a literal string can hold it
  if (text.find('"') != text.npos && text.find('\'') == text.npos && !std::ranges::any_of(text, is_control))
    return fmt::format("'{}'", text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (is_control(c)) {
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

Kind<std::string> text_kind(TextCheck check) {
  return {[check](const ConfigValue& value, std::string& into) -> Problem {
            const std::string* text = text_of(value);
            if (text == nullptr) return must_be("a text in quotation marks", value);
            if (std::ranges::any_of(*text, is_control)) return "must be one line without control characters";
            if (check)
              if (Problem problem = check(*text)) return problem;
            into = *text;
            return std::nullopt;
          },
          [](const std::string& text) { return toml_text(text); }};
}

Kind<std::filesystem::path> path_kind() {
  return {[](const ConfigValue& value, std::filesystem::path& into) -> Problem {
            const std::string* text = text_of(value);
            if (text == nullptr) return must_be("a path in quotation marks", value);
            if (text->empty() || std::ranges::any_of(*text, is_control))
              return must_be("the path of a file or folder", value);
            into = *text;
            return std::nullopt;
          },
          [](const std::filesystem::path& path) {
            return path.empty() ? std::string() : toml_text(path.native());
          }};
}

Kind<bool> flag_kind() {
  return {[](const ConfigValue& value, bool& into) -> Problem {
            const auto flag = flag_of(value);
            if (!flag) return must_be("true or false", value);
            into = *flag;
            return std::nullopt;
          },
          [](const bool& flag) { return std::string(flag ? "true" : "false"); }};
}

Kind<std::optional<bool>> flag_or_any_kind() {
  return {[](const ConfigValue& value, std::optional<bool>& into) -> Problem {
            const std::string* text = text_of(value);
            const auto flag = flag_of(value);
            if (!flag && (text == nullptr || *text != "any")) return must_be("true, false or \"any\"", value);
            into = flag;
            return std::nullopt;
          },
          [](const std::optional<bool>& flag) {
            return std::string(!flag ? "\"any\"" : *flag ? "true" : "false");
          }};
}

Kind<std::int64_t> number_kind(std::int64_t min, std::int64_t max) {
  return {[min, max](const ConfigValue& value, std::int64_t& into) -> Problem {
            const auto number = number_of(value);
            if (!number || *number < min || *number > max)
              return must_be(fmt::format("a whole number from {} to {}", min, max), value);
            into = *number;
            return std::nullopt;
          },
          [](const std::int64_t& number) { return std::to_string(number); }};
}

Kind<std::uint64_t> bytes_kind(std::uint64_t min, std::uint64_t max) {
  return {[min, max](const ConfigValue& value, std::uint64_t& into) -> Problem {
            const auto text = number_or_text(value);
            const auto bytes = text ? parse_bytes(*text) : std::nullopt;
            if (!bytes) return must_be("a size such as \"64MiB\", \"2GB\" or a number of bytes", value);
            if (*bytes < min || *bytes > max)
              return must_be(fmt::format("a size from {} to {}", format_bytes(min), format_bytes(max)),
                             value);
            into = *bytes;
            return std::nullopt;
          },
          exact_bytes};
}

template <typename Span>
Kind<Span> span_kind(std::chrono::seconds min, std::chrono::seconds max) {
  return {
      [min, max](const ConfigValue& value, Span& into) -> Problem {
        const auto text = number_or_text(value);
        const auto span = text ? parse_duration(*text) : std::nullopt;
        if (!span)
          return must_be("a span of time such as \"30s\", \"5m\", \"7d\" or a number of seconds", value);
        if (*span < min || *span > max)
          return must_be(fmt::format("from {} to {}", exact_span(min), exact_span(max)), value);
        into = *span;
        return std::nullopt;
      },
      [](const Span& span) { return exact_span(std::chrono::duration_cast<std::chrono::seconds>(span)); }};
}
template Kind<std::chrono::seconds> span_kind(std::chrono::seconds min, std::chrono::seconds max);
template Kind<Millis> span_kind(std::chrono::seconds min, std::chrono::seconds max);

Kind<std::optional<UnixSeconds>> date_kind() {
  return {[](const ConfigValue& value, std::optional<UnixSeconds>& into) -> Problem {
            const auto text = number_or_text(value);
            const auto time = text ? parse_utc(*text) : std::nullopt;
            if (!time) return must_be("a date such as \"2026-11-21\" or \"2026-11-21T18:00:00Z\"", value);
            into = *time;
            return std::nullopt;
          },
          [](const std::optional<UnixSeconds>& time) {
            return time ? toml_text(format_utc(*time)) : std::string();
          }};
}

Kind<CountOrShare> count_or_share_kind() {
  return {[](const ConfigValue& value, CountOrShare& into) -> Problem {
            const auto text = number_or_text(value);
            const auto limit = text ? parse_count_or_share(*text) : std::nullopt;
            if (!limit) return must_be("a number such as 250 or a share such as \"10%\"", value);
            into = *limit;
            return std::nullopt;
          },
          [](const CountOrShare& limit) { return limit.is_share ? toml_text(limit.text()) : limit.text(); }};
}

Kind<std::vector<std::string>> list_kind(std::function<Problem(const std::vector<std::string>&)> check) {
  return {[check](const ConfigValue& value, std::vector<std::string>& into) -> Problem {
            std::vector<std::string> list;
            if (const auto* listed = std::get_if<std::vector<std::string>>(&value.data))
              list = *listed;
            else if (const std::string* text = text_of(value); text != nullptr && value.is_text)
              list = split_at_commas(*text);
            else
              return must_be("a list of texts such as [\"a\", \"b\"]", value);
            for (const std::string& each : list)
              if (each.empty() || std::ranges::any_of(each, is_control))
                return "must not hold an empty text or one with control characters";
            if (check)
              if (Problem problem = check(list)) return problem;
            into = std::move(list);
            return std::nullopt;
          },
          [](const std::vector<std::string>& list) {
            std::vector<std::string> quoted;
            for (const std::string& each : list) quoted.push_back(toml_text(each));
            return fmt::format("[{}]", fmt::join(quoted, ", "));
          }};
}

Kind<Colour> colour_kind() {
  return {[](const ConfigValue& value, Colour& into) -> Problem {
            const std::string* text = text_of(value);
            std::uint32_t rgb = 0;
            if (text != nullptr && *text == "white")
              rgb = 0xffffff;
            else if (text != nullptr && *text == "black")
              rgb = 0;
            else {
              if (text == nullptr || text->size() != 7 || text->front() != '#')
                return must_be("a colour such as \"#ffffff\"", value);
              const auto [end, error] = std::from_chars(text->data() + 1, text->data() + 7, rgb, 16);
              if (error != std::errc() || end != text->data() + 7)
                return must_be("a colour such as \"#ffffff\"", value);
            }
            into = {static_cast<std::uint8_t>(rgb >> 16), static_cast<std::uint8_t>(rgb >> 8 & 0xff),
                    static_cast<std::uint8_t>(rgb & 0xff)};
            return std::nullopt;
          },
          [](const Colour& colour) {
            return fmt::format("\"#{:02x}{:02x}{:02x}\"", colour.red, colour.green, colour.blue);
          }};
}

std::variant<std::size_t, std::string> choose(const ConfigValue& value,
                                              const std::vector<std::string_view>& names) {
  std::vector<std::string> quoted;
  for (const std::string_view name : names) quoted.push_back(fmt::format("\"{}\"", name));
  const std::string* text = text_of(value);
  std::string problem = must_be(fmt::format("one of {}", fmt::join(quoted, ", ")), value);
  if (text == nullptr) return problem;
  const auto found = std::ranges::find(names, *text);
  if (found == names.end()) return problem + did_you_mean(*text, names);
  return static_cast<std::size_t>(found - names.begin());
}

}  // namespace medimirror
