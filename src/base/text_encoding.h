// Role: a text file as people's programs save it -> UTF-8 without a byte order mark. Pure.
// Rule: a byte order mark decides; without one, a zero byte among the first two means UTF-16 (plain text has none), and
// what is not UTF-8 is Latin-1, which Windows writes where nobody asked for more.
#pragma once

#include <string>
#include <string_view>

namespace medimirror {

bool is_utf8(std::string_view bytes);
std::string to_utf8(std::string_view bytes);

}  // namespace medimirror
