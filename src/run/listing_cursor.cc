#include "run/listing_cursor.h"

#include <cstdlib>
#include <string>

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
  return *newest_at - kOverlap;
}

void ListingCursor::move(IndexGroup& group, std::optional<UnixSeconds> server_date,
                         std::optional<UnixSeconds> full_at) const {
  if (server_date) group.put_setting(newest, std::to_string(*server_date));
  if (full_at) group.put_setting(full, std::to_string(*full_at));
}

}  // namespace medimirror
