#include "image/decode_warning.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace medimirror {

namespace {

constexpr unsigned long kStrayBytesMax = 2;

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// "Corrupt JPEG data: 2 extraneous bytes before marker 0xd9"
unsigned long number_before(std::string_view text, std::string_view words) {
  const std::size_t at = text.find(words);
  if (at == std::string_view::npos) return 0;
  const std::size_t space = text.substr(0, at).find_last_of(' ');
  return std::strtoul(std::string(text.substr(space == std::string_view::npos ? 0 : space + 1, at)).c_str(),
                      nullptr, 10);
}

bool is_stray_marker(std::string_view text) {
  return has(text, " extraneous bytes before marker") &&
         number_before(text, " extraneous bytes before marker") <= kStrayBytesMax &&
         !has(text, "before marker 0xd0") && !has(text, "before marker 0xd1") &&
         !has(text, "before marker 0xd2") && !has(text, "before marker 0xd3") &&
         !has(text, "before marker 0xd4") && !has(text, "before marker 0xd5") &&
         !has(text, "before marker 0xd6") && !has(text, "before marker 0xd7");
}

bool is_damage(std::string_view text) {
  if (has(text, "extraneous bytes before marker")) return !is_stray_marker(text);
  for (const std::string_view words :
       {"remature end", "bad Huffman code", "bad arithmetic code", "found marker", "nconsistent progression",
        "too many scanlines", "truncated", "bad IDAT", "CRC error", "not enough image data", "corrupt",
        "libspng read error", "read error", "IDAT", "out of memory"})
    if (has(text, words)) return true;
  return has(text, "Corrupt JPEG data") && !has(text, "bad ICC marker");
}

bool is_end_of_data(std::string_view text) {
  return has(text, "remature end of JPEG") || has(text, "truncated");
}

// "read gave 3 warnings" carries the count, not a meaning.
unsigned long stated_count(std::string_view text) {
  return has(text, "read gave ") ? number_before(text, " warnings") : 0;
}

}  // namespace

WarningVerdict judge_warnings(std::span<const std::string> warnings, std::uint32_t scans) {
  unsigned long count = 0;
  bool is_about_scan = false;
  std::string note;
  for (const std::string& text : warnings) {
    count = std::max(count, stated_count(text));
    if (is_damage(text))
      return {Rejection{is_end_of_data(text) ? RejectionReason::truncated : RejectionReason::damaged,
                        fmt::format("the decoder found damage: {}", text)},
              {}};
    if (stated_count(text) > 0 || text.empty() || has(text, "ignoring nclx profile")) continue;
    is_about_scan = is_about_scan || has(text, "Invalid SOS parameters");
    if (note.empty()) note = text;
  }
  if (count > (is_about_scan ? std::max(scans, 1u) : 1u))
    return {Rejection{RejectionReason::damaged,
                      fmt::format("the decoder gave {} warnings, the first: {}", count, note)},
            {}};
  return {std::nullopt, note};
}

}  // namespace medimirror
