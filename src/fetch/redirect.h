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

// From `url` to what its Location says: the address of an allowed host, never from https to plain http.
std::variant<Url, RedirectRefused> check_redirect(const Url& url, std::string_view location,
                                                  const HostAllowList& allowed);

}  // namespace medimirror
