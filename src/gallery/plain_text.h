// Role: text as search compares it: no case, no accents.
// Place: made here for the products of the site, since a browser takes a second for a hundred thousand of them; search.js
// does the same to what is typed, and to the few texts that are not ASCII afterwards (letters of other alphabets, ø, ß).
// Threads: pure. Bytes that are no UTF-8 stay as they are.
#pragma once

#include <string>
#include <string_view>

namespace medimirror {

std::string plain_text(std::string_view text);

}  // namespace medimirror
