// Role: words of the command line and of settings that mean a number or a path.
// Failure: *_argument throw Error{usage} that names the word; settled_path gives the problem as a value.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>

#include "config/config.h"

namespace medimirror {

// Decimal digits and nothing else: 0010 is ten.
std::uint64_t number_argument(std::string_view name, std::string_view text, std::uint64_t min,
                              std::uint64_t max);

// A path as it is meant. A shell puts the home folder in the place of ~ and $HOME, and nobody does in a file or behind
// a quotation mark: done here for both at the start of a path, while everything else that a shell would have
// replaced ("~ann", "$DATA") is a problem: the rest of a sentence that starts with the name of the setting.
std::variant<std::filesystem::path, std::string> settled_path(const std::string& text,
                                                              const Environment& environment);

std::filesystem::path path_argument(std::string_view name, const std::string& text);

}  // namespace medimirror
