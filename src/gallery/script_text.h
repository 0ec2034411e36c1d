// Role: data as JavaScript that a browser loads with <script>: the one way that also works from disk, where a page
// may not fetch files.
// Format: a file holds one call, galleryData("<name>", <value>); the value is JSON in ASCII with every "<", ">" and
// "&" escaped, so that it can be no markup wherever it ends up, and a wrong charset cannot change it.
// Failure: text that is no UTF-8 (it may come from the wire) has its wrong bytes replaced.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace medimirror {

using Json = nlohmann::ordered_json;

std::string script_value(const Json& value);
// `value` is JavaScript already, mostly of script_value.
std::string script_file(std::string_view name, std::string_view value);

}  // namespace medimirror
