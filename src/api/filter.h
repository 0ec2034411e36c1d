// Role: the service's filter language as types -> JSON, and a check of raw filters before they are sent. What we do not
// know of a raw filter is doubted, and sent: the service judges. Times are sent as a plain number or with both their
// bounds, never with one alone, which nobody documents.
// Pure. Source of the rules: the API's documentation of POST /v4/media/query.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace medimirror {

struct TimeRange {
  std::optional<UnixSeconds> from, until;
  bool empty() const { return !from && !until; }
};

// All that is set must hold ("and"); a list means any of its values.
struct MediaFilter {
  std::optional<bool> published, available;
  std::vector<std::string> types, photo_types, locales, target_groups, organizations, products;
  TimeRange created, updated;
  std::string raw_json;  // the user's own filter, and-ed with the rest

  std::string to_json() const;  // {"and": […]}, or the one filter, or {"published": …}-less match-all form
};

// Nothing: the service can take it. Else a sentence that names the key and the value that cannot be meant
// ("target_groups: \"farmacist\" is not one of public, pharmacist, …; did you mean \"pharmacist\"?").
std::optional<std::string> check(const MediaFilter& filter);
std::optional<std::string> check_raw_filter(std::string_view json);

// What of a raw filter that can be sent is not known to exist, in sentences.
std::vector<std::string> doubts_of_raw_filter(std::string_view json);

}  // namespace medimirror
