#include "image/decode_warning.h"

#include <fmt/format.h>

#include <string_view>

namespace medimirror {

namespace {

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_damage(std::string_view text) {
  for (const std::string_view words :
       {"remature end", "truncated", "bad IDAT", "CRC error", "not enough image data", "corrupt",
        "read error", "IDAT", "out of memory"})
    if (has(text, words)) return true;
  return false;
}

bool is_end_of_data(std::string_view text) {
  return has(text, "remature end") || has(text, "truncated");
}

}  // namespace

WarningVerdict judge_warnings(std::span<const std::string> warnings) {
  std::string note;
  for (const std::string& text : warnings) {
    if (is_damage(text))
      return {Rejection{is_end_of_data(text) ? RejectionReason::truncated : RejectionReason::damaged,
                        fmt::format("the decoder found damage: {}", text)},
              {}};
    if (note.empty() && !has(text, "ignoring nclx profile")) note = text;
  }
  return {std::nullopt, note};
}

}  // namespace medimirror
