// Role: what a run waits for just now, to be told to people: which host, why, since when, until when.
// Place: whoever waits (api/listing, fetch/downloader) says it; report/progress shows it.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"

namespace medimirror {

struct Waiting {
  std::string who;                     // "https://media.medipim.be", an origin
  std::string why;                     // a clause about it: "it limits how often it is asked (429)"
  SteadyTime since{};                  // when it began
  std::optional<SteadyTime> next;      // when it is asked again; nothing: an answer is awaited
  std::optional<SteadyTime> gives_up;  // when the run leaves it for another one; nothing: never
};

}  // namespace medimirror
