#include "api/bad_places.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/units.h"

namespace medimirror {

namespace {

constexpr std::size_t kInSentenceMax = 2;  // of what other people say: the sentence must stay one

}  // namespace

void BadPlaces::add(std::string words) {
  ++count_;
  if (first_.size() >= kWordsMax) return;
  log_warning("the listing has a bad place and is read on: {}", words);
  first_.push_back(std::move(words));
}

std::string BadPlaces::sentence() const {
  if (first_.empty()) return {};
  std::string text = count_ == 1 ? "one place of it is bad: "
                                 : fmt::format("{} places of it are bad: ", format_count(count_));
  const std::size_t shown = std::min(first_.size(), kInSentenceMax);
  for (std::size_t i = 0; i < shown; ++i) text += (i == 0 ? "" : "; ") + first_[i];
  if (count_ > shown) text += fmt::format("; and {} more", format_count(count_ - shown));
  return text;
}

}  // namespace medimirror
