#include "run/listing_cursor.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "store/trusted_time.h"

namespace medimirror {

namespace {

// Two clocks and a listing that takes minutes: look back further than strictly needed, it costs a few lines.
constexpr UnixSeconds kOverlap = 3600;

std::optional<UnixSeconds> time_of(const IndexView& view, std::string_view setting) {
  const std::optional<std::string> text = view.setting(setting);
  return text ? std::optional<UnixSeconds>(std::atoll(text->c_str())) : std::nullopt;
}

}  // namespace

std::optional<UnixSeconds> ListingCursor::changes_since(const IndexView& view,
                                                        std::chrono::seconds full_every,
                                                        UnixSeconds now) const {
  const std::optional<UnixSeconds> newest_at = time_of(view, newest), full_at = time_of(view, full);
  if (!newest_at || !full_at || now - *full_at >= full_every.count()) return std::nullopt;
  // noted under a clock that was ahead: until it is that late, nothing would ever be listed in full
  if (std::max(*newest_at, *full_at) > now + kClockOffMax) return std::nullopt;
  return *newest_at - kOverlap;
}

void ListingCursor::move(IndexGroup& group, std::optional<UnixSeconds> server_date,
                         std::optional<UnixSeconds> full_at) const {
  if (server_date) group.put_setting(newest, std::to_string(*server_date));
  // by the service's clock where it tells: ours may be anything
  if (full_at) group.put_setting(full, std::to_string(server_date.value_or(*full_at)));
}

}  // namespace medimirror
