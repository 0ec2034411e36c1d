#include "gallery/plain_text.h"

namespace medimirror {

namespace {

// What is left of U+00C0 to U+017F without its accents, in lower case; a dot: Unicode knows no accent in it.
constexpr std::string_view kLetters =
    "aaaaaa.ceeeeiiii.nooooo..uuuuy..aaaaaa.ceeeeiiii.nooooo..uuuuy.y"
    "aaaaaaccccccccdd..eeeeeeeeeegggggggghh..iiiiiiiii...jjkk.llllll."
    "...nnnnnn...oooooo..rrrrrrsssssssstttt..uuuuuuuuuuuuwwyyyzzzzzz.";
constexpr unsigned kFirst = 0xC0;
static_assert(kLetters.size() == 0x180 - kFirst);

char letter_of(unsigned char lead, unsigned char next) {
  if (lead < 0xC3 || lead > 0xC5 || (next & 0xC0) != 0x80) return '.';
  return kLetters[((lead & 0x1Fu) << 6 | (next & 0x3Fu)) - kFirst];
}

}  // namespace

std::string plain_text(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char letter = i + 1 < text.size() ? letter_of(static_cast<unsigned char>(c),
                                                        static_cast<unsigned char>(text[i + 1]))
                                            : '.';
    if (letter != '.') {
      plain += letter;
      ++i;
    } else {
      plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return plain;
}

}  // namespace medimirror
