// Role: since when a listing of changes alone is enough: what the index remembers of the listings so far, of media and of
// products alike.
// Threads: those of the index.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "store/index.h"

namespace medimirror {

// The names of its two settings.
struct ListingCursor {
  std::string_view newest;  // the service's time at the last listing that was complete
  std::string_view full;    // at the last one of everything, by the service where it told

  // Nothing: everything is to be listed, because that was never done, is `full_every` ago, or is still to come by our clock.
  std::optional<UnixSeconds> changes_since(const IndexView& view, std::chrono::seconds full_every,
                                           UnixSeconds now) const;

  // After a complete listing. `full_at`: when one of everything began.
  void move(IndexGroup& group, std::optional<UnixSeconds> server_date,
            std::optional<UnixSeconds> full_at) const;
};

}  // namespace medimirror
