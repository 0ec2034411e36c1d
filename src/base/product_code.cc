#include "base/product_code.h"

#include <algorithm>

#include "base/ascii.h"

namespace medimirror {

namespace {
constexpr std::size_t kGtinDigitsMax = 14;
}

bool is_gtin_length(std::size_t digits) {
  return digits == 8 || digits == 12 || digits == 13 || digits == 14;
}

char gtin_check_digit(std::string_view gtin) {
  int sum = 0;
  bool three = true;  // weights 3 and 1, from the digit before the last one leftwards
  for (std::size_t at = gtin.size() - 1; at-- > 0; three = !three) sum += (gtin[at] - '0') * (three ? 3 : 1);
  return static_cast<char>('0' + (10 - sum % 10) % 10);
}

bool has_right_check_digit(std::string_view gtin) {
  return is_digits(gtin) && is_gtin_length(gtin.size()) && gtin.back() == gtin_check_digit(gtin);
}

std::string lookup_form(std::string_view code) {
  if (!is_digits(code) || !is_gtin_length(code.size())) return std::string(code);
  return std::string(kGtinDigitsMax - code.size(), '0').append(code);
}

std::vector<std::string> gtin_spellings(std::string_view gtin) {
  const std::string full = lookup_form(gtin);
  const std::size_t zeros = std::min(full.find_first_not_of('0'), full.size());
  std::vector<std::string> spellings;
  for (const std::size_t length : {std::size_t{8}, std::size_t{12}, std::size_t{13}, kGtinDigitsMax})
    if (kGtinDigitsMax - length <= zeros) spellings.push_back(full.substr(kGtinDigitsMax - length));
  return spellings;
}

}  // namespace medimirror
