// Role: each request in one line of the diary, for `-v`: what was asked, what came, how long it took. No secret: the URL
// as it is shown to people, no header, no body.
// Threads: any.
#pragma once

#include "base/clock.h"
#include "http/transport.h"

namespace medimirror {

void log_request(const Request& request, const Completed& completed, Millis took);

}  // namespace medimirror
