#include "store/trusted_time.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "store/setting_names.h"

namespace medimirror {

UnixSeconds trusted_now(const IndexReader& index, UnixSeconds now) {
  std::optional<UnixSeconds> newest;
  for (const std::string_view name : {kCursorSetting, kProductsCursorSetting}) {
    const std::string text = index.setting(name).value_or("");
    UnixSeconds time = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), time).ec == std::errc())
      newest = std::max(newest.value_or(time), time);
  }
  return newest ? std::min(now, *newest + 2 * kClockOffMax) : now;
}

UnixSeconds trusted_now(UnixSeconds of_service, UnixSeconds now) {
  return std::abs(now - of_service) > kClockOffMax ? of_service : now;
}

}  // namespace medimirror
