#include "shop/code_list.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_set>
#include <variant>

#include "base/ascii.h"
#include "base/error.h"
#include "base/product_code.h"
#include "base/text_encoding.h"
#include "shop/delimited_text.h"

namespace medimirror {

namespace {

constexpr std::size_t kShownBytesMax = 40;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// "Code CNK" and "cnk_code" are one name: letters and digits only, in lower case.
std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name)
    if (c >= 'A' && c <= 'Z')
      plain += static_cast<char>(c - 'A' + 'a');
    else if (is_letter(c) || (c >= '0' && c <= '9'))
      plain += c;
  return plain;
}

// In the order in which a row's columns are tried.
constexpr std::array<std::string_view, 29> kColumnNames{
    "cnk",       "cnkcode", "codecnk",       "cnknummer",  "cnknr",   "medipimid",
    "productid", "product", "gtin",          "gtin14",     "gtin13",  "ean",
    "ean13",     "eancode", "codeean",       "ean14",      "ean8",    "ean12",
    "upc",       "barcode", "streepjescode", "codebarres", "eangtin", "gtinean",
    "cip13",     "acl13",   "code",          "codes",      "id"};

void erase_all(std::string& text, std::string_view what) {
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at)) text.erase(at, what.size());
}

// What spreadsheets and people put around a code.
std::string undecorated(std::string text) {
  erase_all(text, "\xC2\xA0");      // no-break space
  erase_all(text, "\xE2\x80\xAF");  // its narrow sister
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '-' || c == '\r' || c == '\n'; });
  if (text.starts_with("=\"") && text.ends_with('"') && text.size() > 3)
    text = text.substr(2, text.size() - 3);
  if (text.starts_with('\'')) text.erase(0, 1);
  for (const std::string_view end : {".0", ",0"})
    if (text.ends_with(end) && is_digits(std::string_view(text).substr(0, text.size() - 2)))
      text.resize(text.size() - 2);
  return text;
}

// 5,40001E+12: a spreadsheet rounded it, and the digits are gone.
bool is_rounded(std::string_view text) {
  const auto e = text.find_first_of("eE");
  if (e == 0 || e == text.npos || e + 1 >= text.size()) return false;
  const auto is_number = [](std::string_view part) {
    return !part.empty() && part.find_first_not_of("0123456789.,+") == part.npos;
  };
  return is_number(text.substr(0, e)) && is_number(text.substr(e + 1));
}

bool is_product_id(std::string_view text) {
  return text.size() >= 5 && text.size() <= 20 && (text[0] == 'M' || text[0] == 'm') &&
         text.find_first_of("0123456789") != text.npos &&
         std::ranges::all_of(text, [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

// A wrong cell may hold anything: one line of plain characters of it is enough to find it again.
std::string shown(std::string_view cell) {
  std::string text;
  for (const char c : cell.substr(0, kShownBytesMax)) text += c >= 0x20 && c < 0x7f ? c : '?';
  return text;
}

}  // namespace

std::variant<AskedCode, WrongCode> read_code(const std::string& cell, std::uint32_t line) {
  const std::string text = undecorated(cell);
  const auto wrong = [&](std::string reason, std::string detail) {
    return WrongCode{shown(cell), line, std::move(reason), std::move(detail)};
  };
  if (is_product_id(text)) {
    std::string id = text;
    std::ranges::transform(
        id, id.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return AskedCode{id, CodeKind::product_id, line, {}};
  }
  if (is_rounded(text))
    return wrong(
        "rounded_number",
        "a spreadsheet rounded the code to this number: format the column as text and save it again");
  if (!is_digits(text))
    return wrong("not_a_code", "it is neither digits nor a Medipim id such as M5489B0D8B");
  if (text.size() == kCnkDigits) return AskedCode{text, CodeKind::cnk, line, {}};
  if (text.size() == kCnkDigits - 1)
    return AskedCode{"0" + text, CodeKind::cnk, line,
                     fmt::format("{} had lost the zero in front of the CNK", text)};
  if (!is_gtin_length(text.size()))
    return wrong("wrong_length",
                 fmt::format("it has {} digits; a CNK has 7, an EAN or GTIN 8, 12, 13 or 14", text.size()));
  if (!has_right_check_digit(text))
    return wrong("wrong_check_digit",
                 fmt::format("its last digit should be {} if the others are right", gtin_check_digit(text)));
  return AskedCode{text, CodeKind::gtin, line, {}};
}

namespace {

bool looks_like_code(const std::string& cell) {
  const auto read = read_code(cell, 0);
  const auto* wrong = std::get_if<WrongCode>(&read);
  return wrong == nullptr || wrong->reason == "wrong_check_digit" || wrong->reason == "rounded_number";
}

bool is_empty(const std::string& cell) {
  return undecorated(cell).empty();
}

[[noreturn]] void refuse(std::string sentence) {
  throw Error(ErrorKind::config, std::move(sentence), "read the list of codes");
}

// Which columns to look at, in this order. `is_header`: the first row is names, not codes.
struct Columns {
  std::vector<std::size_t> order;
  bool is_header = false;
};

Columns find_columns(const std::vector<std::string>& first, std::string_view wanted) {
  Columns columns;
  if (!wanted.empty()) {
    for (std::size_t i = 0; i < first.size(); ++i)
      if (plain_name(first[i]) == plain_name(wanted)) columns.order.push_back(i);
    if (columns.order.empty())
      refuse(fmt::format("it has no column \"{}\" (select.codes_column); its first line has: {}", wanted,
                         fmt::join(first, " | ")));
    columns.is_header = true;
    return columns;
  }
  for (const std::string_view name : kColumnNames)
    for (std::size_t i = 0; i < first.size(); ++i)
      if (plain_name(first[i]) == name) columns.order.push_back(i);
  columns.is_header = !columns.order.empty();
  if (columns.is_header) return columns;
  const auto found = std::ranges::find_if(first, looks_like_code);
  if (found != first.end()) {
    columns.order.push_back(static_cast<std::size_t>(found - first.begin()));
  } else if (first.size() == 1) {
    columns.order.push_back(0);
    columns.is_header = std::ranges::none_of(first[0], [](char c) { return c >= '0' && c <= '9'; });
  } else {
    refuse(
        fmt::format("it is not clear which column holds the codes; name it in select.codes_column; its "
                    "first line has: {}",
                    fmt::join(first, " | ")));
  }
  return columns;
}

std::string text_of(std::string_view bytes) {
  if (bytes.starts_with("PK\x03\x04") || bytes.starts_with("\xD0\xCF\x11\xE0"))
    refuse("it is a spreadsheet file (such as .xlsx): save it as \"CSV UTF-8\"");
  return to_utf8(bytes);
}

}  // namespace

std::string_view name_of(CodeKind kind) {
  switch (kind) {
    case CodeKind::cnk:
      return "cnk";
    case CodeKind::gtin:
      return "gtin";
    case CodeKind::product_id:
      return "medipim_id";
  }
  return "unknown";
}

CodeList parse_code_list(std::string_view bytes, std::string_view column) {
  const std::string plain = text_of(bytes);
  DelimitedText text(plain);
  CodeList list;
  std::optional<Columns> columns;
  std::unordered_set<std::string> known;
  for (DelimitedText::Row row; text.next(row);) {
    const bool is_blank = std::ranges::all_of(row.cells, is_empty);
    if (is_blank || row.cells.front().starts_with('#')) continue;
    if (!columns) {
      columns = find_columns(row.cells, column);
      if (columns->is_header) continue;
    }
    const auto place = std::ranges::find_if(
        columns->order, [&](std::size_t at) { return at < row.cells.size() && !is_empty(row.cells[at]); });
    if (place == columns->order.end()) {
      list.wrong.push_back({"", row.line, "no_code", "the line has nothing in the column of the codes"});
      continue;
    }
    auto read = read_code(row.cells[*place], row.line);
    if (auto* wrong = std::get_if<WrongCode>(&read)) {
      list.wrong.push_back(std::move(*wrong));
      continue;
    }
    AskedCode& code = std::get<AskedCode>(read);
    if (!known.insert(lookup_form(code.text)).second) {
      ++list.repeated;
      continue;
    }
    if (list.codes.size() >= kAskedCodesMax)
      refuse(
          fmt::format("it has more than {} codes: leave select.codes_file out to mirror everything, or "
                      "split the list",
                      kAskedCodesMax));
    if (!code.note.empty()) ++list.restored;
    list.codes.push_back(std::move(code));
  }
  if (list.codes.empty())
    refuse(list.wrong.empty()
               ? "it is empty"
               : fmt::format("it has no usable code; line {}, \"{}\": {}", list.wrong.front().line,
                             list.wrong.front().text, list.wrong.front().detail));
  return list;
}

}  // namespace medimirror
