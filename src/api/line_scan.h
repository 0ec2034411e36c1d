// Role: the short cut through a stream's line of the documented shape: total, index, the object's bytes and
// its id, without a parser. A listing of a million unchanged items is mostly this.
// Place: reply_parser tries it first and asks simdjson about every line it does not take. Takes:
// {"meta":{"total":N,"index":N},"result":{"id":N,…}} with spaces anywhere between the tokens of this frame;
// the id a plain number or, for products, a plain text; only printable ASCII. The frame's braces are matched
// for certain, strings and escapes respected. What stands inside the object is its reader's business, here as
// with simdjson.
// Failure: nothing for any other line; a test holds both ways to the same answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace medimirror {

struct ScannedLine {
  std::uint64_t total = 0, index = 0;
  std::uint64_t id = 0;      // of a number
  std::string_view id_text;  // of a text, without its quotes
  std::string_view json;     // the object's own bytes
};

// `line` must be followed by 64 readable bytes.
std::optional<ScannedLine> scan_line(std::string_view line);

// The length of the object that begins `text`, its last brace included. 0: it does not end in there, or holds
// a byte that is not printable ASCII. `text` must be followed by 64 readable bytes.
std::size_t object_length(std::string_view text);

}  // namespace medimirror
