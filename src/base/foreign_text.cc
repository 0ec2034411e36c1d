#include "base/foreign_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/text_encoding.h"

namespace medimirror {

namespace {

constexpr std::size_t kSecretBytesMin = 8;
constexpr std::string_view kWithheld = "(secret)";

std::vector<std::string>& secret_forms() {
  static auto* const forms = new std::vector<std::string>;  // threads may print while the process exits
  return *forms;
}

// The bytes of the character at `at`, 0 where there is none that is well-formed. `code` is its number.
std::size_t character_at(std::string_view text, std::size_t at, std::uint32_t& code) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned first = byte(0);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  if (length == 0 || length > text.size() - at) return 0;
  code = length == 1 ? first : first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3FU);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  return code < kLeast[length] || surrogate || code > 0x10FFFF ? 0 : length;
}

bool is_control(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0);
}
bool ends_line(std::uint32_t code) {
  return (code >= '\t' && code <= '\r') || code == 0x2028 || code == 0x2029;
}
// It turns the direction of writing, or hides between others.
bool is_unseen(std::uint32_t code) {
  return code == 0x061C || (code >= 0x200B && code <= 0x200F && code != 0x200C && code != 0x200D) ||
         (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF ||
         (code >= 0xFFF9 && code <= 0xFFFB) || (code >= 0xE0000 && code <= 0xE007F);
}

bool is_plain_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

std::string percent_encoded(std::string_view text, bool all, std::string_view format) {
  std::string encoded;
  for (const char c : text) {
    const bool kept = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                      std::string_view("-._~").find(c) != std::string_view::npos;
    encoded +=
        kept && !all ? std::string(1, c) : fmt::format(fmt::runtime(format), static_cast<unsigned char>(c));
  }
  return encoded;
}

// What the Base64 of any text that holds `text` has in it, if `before` bytes (of each three) stand before it.
std::string base64_core(std::string_view text, std::size_t before, std::string_view last_two) {
  const std::string digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + std::string(last_two);
  std::string encoded;
  const std::size_t bits = 8 * text.size();
  // the first sextet that has no bit of what stands before
  for (std::size_t at = (6 - 8 * before % 6) % 6; at + 6 <= bits; at += 6) {
    unsigned sextet = 0;
    for (std::size_t bit = at; bit < at + 6; ++bit)
      sextet = sextet << 1 | (static_cast<unsigned char>(text[bit / 8]) >> (7 - bit % 8) & 1U);
    encoded += digits[sextet];
  }
  return encoded;
}

std::string without_harm(std::string_view text) {
  if (is_plain_ascii(text)) return std::string(text);
  std::string line;
  for (std::size_t at = 0; at < text.size();) {
    std::uint32_t code = 0;
    const std::size_t length = character_at(text, at, code);
    if (length == 0 || (is_control(code) && !ends_line(code)))
      line += '?';
    else if (ends_line(code))
      line += ' ';
    else if (!is_unseen(code))
      line += text.substr(at, length);
    at += std::max<std::size_t>(length, 1);
  }
  return line;
}

}  // namespace

std::string plain_line(std::string_view text) {
  return without_secret(without_harm(text));
}

std::string plain_lines(std::string_view text) {
  std::string lines;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    if (start > 0) lines += '\n';
    lines += plain_line(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

std::string cut_short(std::string text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  text.resize(shortened(text, bytes_max).size());
  return text + "…";
}

void withhold_secret(std::string_view secret) {
  if (secret.size() < kSecretBytesMin) return;
  std::vector<std::string> forms{std::string(secret)};
  for (const bool all : {false, true})
    for (const std::string_view format : {"%{:02X}", "%{:02x}"})
      forms.push_back(percent_encoded(secret, all, format));
  for (const std::string_view last_two : {"+/", "-_"})
    for (const std::size_t before : {0, 1, 2}) forms.push_back(base64_core(secret, before, last_two));
  std::vector<std::string>& all = secret_forms();
  for (std::string& form : forms)
    if (std::ranges::find(all, form) == all.end()) all.push_back(std::move(form));
  std::ranges::sort(all, std::ranges::greater(), &std::string::size);
}

std::string without_secret(std::string_view text) {
  std::string shown(text);
  for (const std::string& form : secret_forms())
    for (std::size_t at = shown.find(form); at != std::string::npos;
         at = shown.find(form, at + kWithheld.size()))
      shown.replace(at, form.size(), kWithheld);
  return shown;
}

}  // namespace medimirror
