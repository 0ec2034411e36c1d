// Role: where a shop finds a published file: base URL + percent-encoded path. Pure.
// Rule: all but RFC 3986's unreserved characters and the slash is encoded. So no URL holds a comma, a bar, a space or a
// quote, which separate the URLs of a list in one system or another.
#pragma once

#include <string>
#include <string_view>

namespace medimirror {

// Throws Error{usage} for what is no http or https URL, has a user, a query or a fragment, or a host that is not ASCII.
// The result ends in a slash.
std::string checked_base_url(std::string_view text);

std::string picture_address(std::string_view base_url, std::string_view path);

}  // namespace medimirror
