// Role: sends a reply wrongly, byte by byte, on the bare socket: what an HTTP library would never do.
// Threads: the one that serves the connection; waits, up to the fault's time, or until stopping or the client
// leaves.
#pragma once

#include <cstdint>
#include <functional>

#include "sandbox/exchange.h"

namespace medimirror::sandbox {

// The descriptor of the connection from `remote_port` to `local_port` of this process; -1: there is none.
int find_connection(int remote_port, int local_port);

// Sends `reply` with its `wire` fault and shuts the connection down. Returns the bytes of the body that were
// sent.
std::uint64_t send_wrongly(int fd, Reply& reply, const std::function<bool()>& stopping);

// Waits; ends early when `stopping` says so, or when the client hangs up (fd >= 0).
void wait_for(std::chrono::milliseconds span, int fd, const std::function<bool()>& stopping);

}  // namespace medimirror::sandbox
