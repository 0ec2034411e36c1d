// Role: the one door for text of others (the service, picture hosts, files that anybody may have written) on its way to a
// terminal, a log, a report or a page.
// Place: api's parsers pass each text of an item through it, so that index, names and printers never see another; what quotes an
// answer, and what prints, passes it again, as an index may be older than the door.
// Threads: any; withhold_secret() before the others start.
// Failure: none.
#pragma once

#include <string>
#include <string_view>

namespace medimirror {

// One line that steers no terminal and shows no secret: line ends and tabs become spaces; other control characters of either
// half and bytes that are no UTF-8 become '?'; signs that turn the direction of writing or are not seen go.
std::string plain_line(std::string_view text);

// The same for a text of several lines of our own.
std::string plain_lines(std::string_view text);

// The first `bytes_max` bytes, never within a character, and "…" where more was cut off.
std::string cut_short(std::string text, std::size_t bytes_max);

// A secret of ours, which the service may send back: from now on none of its forms (plain, percent-encoded, Base64 at any place
// of a longer text) passes. One of fewer than 8 characters is not looked for: it would be found everywhere.
void withhold_secret(std::string_view secret);
std::string without_secret(std::string_view text);  // of text that is to stay as it is otherwise

}  // namespace medimirror
