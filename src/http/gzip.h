// Role: unpacks a body that is gzip, of one member or several (RFC 1952). Pure.
// Limits: gives nothing for what is not whole, is damaged, or would be longer than `bytes_max`.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace medimirror {

bool looks_gzipped(std::string_view bytes);  // no picture begins so
std::optional<std::string> unpack_gzip(std::string_view bytes, std::size_t bytes_max);

}  // namespace medimirror
