#include "fetch/redirect.h"

#include <fmt/format.h>

#include <optional>

namespace medimirror {

std::variant<Url, RedirectRefused> check_redirect(const Url& url, std::string_view location,
                                                  const HostAllowList& allowed) {
  std::optional<Url> target = resolve_url(url, location);
  if (!target || !target->is_http())
    return RedirectRefused{"bad_redirect", "the server redirects to what is not a web address"};
  if (url.scheme == "https" && target->scheme != "https")
    return RedirectRefused{"bad_redirect", "the server redirects from https to plain http"};
  if (std::optional<std::string> refusal = allowed.refusal(*target))
    return RedirectRefused{"host_not_allowed", fmt::format("redirected: {}", *refusal)};
  return *std::move(target);
}

}  // namespace medimirror
