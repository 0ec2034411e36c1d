// Role: what a page says that came where a picture or a listing was asked for, in words for people.
// Place: image/header and upkeep/doctor quote pages that came as pictures, api/reply_parser those that came as listings.
// Pure.
#pragma once

#include <string>
#include <string_view>

namespace medimirror {

// The <title> of a web page, else the first words of the text, made fit for a log line: printable, on one
// line, at most 100 bytes. Empty when there is nothing to quote.
std::string quote_of_page(std::string_view html);

}  // namespace medimirror
