#include "fetch/redirect.h"

#include <fmt/format.h>

#include <optional>

namespace medimirror {

std::variant<std::string, RedirectRefused> check_redirect(const std::string& url, std::string_view location,
                                                          const HostAllowList& allowed) {
  const std::optional<Url> base = parse_url(url);
  const std::optional<Url> target = resolve_url(*base, location);
  if (!target || !target->is_http())
    return RedirectRefused{"bad_redirect", "the server redirects to what is not a web address"};
  if (base->scheme == "https" && target->scheme != "https")
    return RedirectRefused{"bad_redirect", "the server redirects from https to plain http"};
  if (std::optional<std::string> refusal = allowed.refusal(*target))
    return RedirectRefused{"host_not_allowed", fmt::format("redirected: {}", *refusal)};
  return target->text();
}

}  // namespace medimirror
