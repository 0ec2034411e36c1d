#include "image/decode_warning.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace medimirror {

namespace {

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool is_damage(std::string_view text) {
  for (const std::string_view words :
       {"remature end", "truncated", "bad IDAT", "CRC error", "not enough image data", "corrupt",
        "read error", "IDAT", "out of memory"})
    if (has(text, words)) return true;
  return false;
}

// PNG: "tEXt: …", a chunk's name that begins with a small letter (the third is never one), on which no pixel depends but for
// transparency. And what lies behind the end of the pixels' stream.
bool is_irregular(std::string_view text) {
  const bool has_chunk_name =
      text.size() > 6 && text.substr(4, 2) == ": " && std::all_of(text.begin(), text.begin() + 4, is_letter);
  if (!has_chunk_name) return false;
  const bool is_ancillary = text[0] >= 'a' && text[2] <= 'Z';
  return (is_ancillary && !text.starts_with("tRNS")) || text == "IDAT: Extra compressed data";
}

bool is_end_of_data(std::string_view text) {
  return has(text, "remature end") || has(text, "truncated");
}

}  // namespace

Rejection judge_error(const std::string& text) {
  if (const std::size_t feature = text.find("Unsupported "); feature != std::string::npos)
    return {
        RejectionReason::unsupported,
        fmt::format("the decoder does not know what this picture is made with: {}", text.substr(feature))};
  const WarningVerdict verdict = judge_warnings(std::span(&text, 1));
  if (verdict.refused) return *verdict.refused;
  return {RejectionReason::damaged, fmt::format("the decoder found damage: {}", text)};
}

WarningVerdict judge_warnings(std::span<const std::string> warnings) {
  WarningVerdict verdict;
  for (const std::string& text : warnings) {
    if (is_irregular(text)) {
      if (verdict.irregularity.empty()) verdict.irregularity = text;
    } else if (is_damage(text)) {
      return {Rejection{is_end_of_data(text) ? RejectionReason::truncated : RejectionReason::damaged,
                        fmt::format("the decoder found damage: {}", text)},
              {},
              {}};
    } else if (verdict.note.empty() && !has(text, "ignoring nclx profile")) {
      verdict.note = text;
    }
  }
  return verdict;
}

}  // namespace medimirror
