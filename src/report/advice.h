// Role: what a reason means and what to do about it, in words for the person who reads the report. Pure.
#pragma once

#include <string_view>

namespace medimirror {

struct Advice {
  std::string_view meaning;  // no final full stop: "the media host says that the picture is not there"
  std::string_view to_do;    // a sentence
};

// Of reasons that are not in the table: by their family ("http_5…"), else something that is true of any.
Advice advice_for(std::string_view reason);

}  // namespace medimirror
