// Role: gzip, for the API's answers when a client asks for it.
#pragma once

#include <string>
#include <string_view>

#include "sandbox/exchange.h"

namespace medimirror::sandbox {

bool accepts_gzip(std::string_view accept_encoding);

// Replaces body or producer by the compressed one and says so in the headers. What a cut stream sent before
// the cut can be unpacked up to its last byte.
void compress(Reply& reply);

}  // namespace medimirror::sandbox
