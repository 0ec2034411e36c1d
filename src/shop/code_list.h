// Role: a shop's list of codes (a stock list as CSV or TXT) -> the codes it asks for, and what is wrong with the rest.
// Pure.
// Place: code_file hands the bytes over; product_requests, code_resolution and missing use the result.
// Format: UTF-8, UTF-16 or Latin-1 (base/text_encoding.h), any line ends; cells separated by semicolons, commas or tabs
// (the first line decides, or Excel's "sep=;" above it), quoted as in RFC 4180. With a row of names on top the column is found by its name (CNK, EAN,
// GTIN, Medipim id, …) or named by the user; without, it is the first one that holds a code. Where a row has several
// codes the first column of that order counts. Lines that start with # are remarks.
// Rule: codes are text. Spaces, hyphens and a spreadsheet's ="…" are taken off, nothing else is guessed, but a CNK of 6
// digits, which has lost the zero in front, and whose restoring is noted.
// Failure: a wrong cell is a mistake with its line; a file that cannot be meant throws Error{config}
// that speaks of it as "it".
// Limits: kCodesMax different codes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace medimirror {

constexpr std::size_t kAskedCodesMax = 200'000;

// The names are a contract: they stand in the missing list.
enum class CodeKind : std::uint8_t { cnk, gtin, product_id };
std::string_view name_of(CodeKind kind);  // "cnk", "gtin", "medipim_id"

struct AskedCode {
  std::string text;  // as text, restored and freed of decoration
  CodeKind kind = CodeKind::cnk;
  std::uint32_t line = 0;  // in the file, from 1
  std::string note;        // what was restored; usually empty
  bool operator==(const AskedCode&) const = default;
};

struct WrongCode {
  std::string text;  // as it stands in the file, shortened
  std::uint32_t line = 0;
  std::string reason;  // "wrong_check_digit", "wrong_length", "not_a_code", "rounded_number", "no_code"
  std::string detail;  // a sentence
  bool operator==(const WrongCode&) const = default;
};

struct CodeList {
  std::vector<AskedCode> codes;  // in the file's order, each once
  std::vector<WrongCode> wrong;
  std::uint64_t repeated = 0;  // cells that named a code again
  std::uint64_t restored = 0;  // CNKs that had lost a zero
};

// One cell; the line is the caller's to know.
std::variant<AskedCode, WrongCode> read_code(const std::string& cell, std::uint32_t line);

// `column`: the name of the column with the codes; empty: found by what is known of names.
CodeList parse_code_list(std::string_view bytes, std::string_view column = {});

}  // namespace medimirror
