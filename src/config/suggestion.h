// Role: "did you mean …?": the known word nearest to one that is not known. Pure.
// Limits: words are short; cost is the product of their lengths, and a word over 64 characters has no
// neighbour.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace medimirror {

// How many letters to insert, remove, change or swap with their neighbour, regardless of case.
std::size_t edit_distance(std::string_view a, std::string_view b);

// Empty: nothing is near enough (a third of the letters) to be what was meant.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

// "; did you mean \"page_size\"?" or nothing, to be put behind a sentence.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);

}  // namespace medimirror
