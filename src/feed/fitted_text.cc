#include "feed/fitted_text.h"

#include <cstdint>

namespace medimirror {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// How many bytes the character at the front has; 0: it is no UTF-8 (RFC 3629: shortest form, no surrogates).
std::size_t character_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto follows = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2) return 0;
  if (first < 0xE0) return follows(1) ? 2 : 0;
  if (first < 0xF0) {
    if (!follows(1) || !follows(2)) return 0;
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  if (first > 0xF4 || !follows(1) || !follows(2) || !follows(3)) return 0;
  const bool overlong = first == 0xF0 && byte(1) < 0x90;
  const bool beyond = first == 0xF4 && byte(1) >= 0x90;
  return overlong || beyond ? 0 : 4;
}

bool is_control(std::string_view character) {
  const auto byte = static_cast<unsigned char>(character[0]);
  const bool is_c1 = character.size() == 2 && byte == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
  return is_c1 || byte == 0x7F || (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r');
}

}  // namespace

FittedText fit_text(std::string_view text, const TextRule& rule) {
  FittedText fitted;
  fitted.text.reserve(text.size());
  for (std::size_t characters = 0; !text.empty(); ++characters) {
    if (rule.characters_max != 0 && characters == rule.characters_max) {
      fitted.cut = true;
      break;
    }
    const std::size_t bytes = character_bytes(text);
    const std::string_view character = text.substr(0, bytes == 0 ? 1 : bytes);
    text.remove_prefix(character.size());
    if (bytes == 0 || (!rule.keep_controls && is_control(character))) {
      fitted.text += kReplacement;
      fitted.changed = true;
    } else if (bytes == 1 && rule.forbidden.find(character[0]) != std::string_view::npos) {
      fitted.text += ' ';
      fitted.changed = true;
    } else {
      fitted.text += character;
    }
  }
  return fitted;
}

}  // namespace medimirror
