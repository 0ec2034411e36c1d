// Role: whether a redirect may be followed, and to where. Pure.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "http/url.h"

namespace medimirror {

struct RedirectRefused {
  std::string reason, detail;
};

// From `url` to what its Location says: an absolute URL of an allowed host, never from https to plain http.
std::variant<std::string, RedirectRefused> check_redirect(const std::string& url, std::string_view location,
                                                          const HostAllowList& allowed);

}  // namespace medimirror
