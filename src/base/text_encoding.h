// Role: a text file as people's programs save it -> UTF-8 without a byte order mark. Pure.
// Rule: a byte order mark decides; without one, a zero byte among the first two means UTF-16 (plain text has none), and
// what is not UTF-8 is Latin-1, which Windows writes where nobody asked for more.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace medimirror {

bool is_utf8(std::string_view bytes);
// Of UTF-8: the beginning, of so many bytes at most, that breaks no character.
std::string_view shortened(std::string_view text, std::size_t bytes_max);
std::string to_utf8(std::string_view bytes);

}  // namespace medimirror
