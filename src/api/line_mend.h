// Role: what can still be made of a line or page that is not JSON as it came: the bytes that no JSON text may hold
// are taken out, and objects are found among what does not belong to them.
// Place: api/stream and api/query ask when the parser refuses a text. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace medimirror {

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// A byte order mark goes, a raw control character becomes a space, and what is not UTF-8 becomes U+FFFD, so that
// nothing but the texts around them can differ from what was meant.
std::string without_bad_bytes(std::string_view text);

// The length of the object that begins `text`, its last brace included; 0: it does not end in there. Braces within
// texts do not count.
std::size_t whole_object(std::string_view text);

// Where, from `from` on, an object may begin that has a "meta"; npos: nowhere.
std::size_t find_framed_object(std::string_view text, std::size_t from);

}  // namespace medimirror
