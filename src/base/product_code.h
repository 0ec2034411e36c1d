// Role: the codes that name a product in a shop: CNK (Belgium, 7 digits) and GTIN (EAN-8, UPC-12, EAN-13, GTIN-14).
// Place: the index sorts by lookup_form, shop reads lists of codes. Pure.
// Rule: codes are text, their leading zeros count. A GTIN of 12 or 13 digits is the same as the one of 14 that zeros
// in front make of it (GS1 General Specifications), so they share one lookup form; a CNK is no GTIN.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace medimirror {

constexpr std::size_t kCnkDigits = 7;

bool is_gtin_length(std::size_t digits);       // 8, 12, 13 or 14
char gtin_check_digit(std::string_view gtin);  // what the last digit of `gtin` ought to be
bool has_right_check_digit(std::string_view gtin);

// Equal for codes that name the same: GTINs in 14 digits; anything else as it is.
std::string lookup_form(std::string_view code);

// A GTIN in each length it can be written in, for a service that compares texts.
std::vector<std::string> gtin_spellings(std::string_view gtin);

}  // namespace medimirror
