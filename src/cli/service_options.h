// Role: the options of the wire and the API, as every command that talks to the service needs them.
#pragma once

#include "api/client.h"
#include "config/config.h"
#include "http/curl_transport.h"

namespace medimirror {

// With the request ledger in place: one file for each key and host, shared by all runs of this user on this
// machine
// ($XDG_STATE_HOME or ~/.local/state, else the store), since the service counts requests by key and not by
// store.
ApiOptions api_options(const Config& config);

CurlTransportOptions transport_options(const Config& config);

}  // namespace medimirror
