// Role: asks the media hosts, conditionally, whether the pictures that are held are still the ones they give.
// Place: `verify --remote`. Takes a sample of the assets that are held and have validators, a different one each day, and asks
// each with If-None-Match and If-Modified-Since: mostly a 304 comes back, and no bytes. Changes nothing.
// Polite: the transport's limit of connections a host, a budget of requests, and an end at the first answer that says "too many"
// or "not now", or when a host only fails. No retries and no redirects: what cannot be told is counted, and asked another day.
// Threads: the transport's owner. Failure: of one picture: counted as unclear. Throws what the transport throws.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/stop.h"
#include "http/transport.h"
#include "store/index.h"

namespace medimirror {

struct RemoteOptions {
  double share = 0.01;  // of what is held
  std::uint64_t requests_max = 10'000;
  std::vector<std::string> allowed_hosts;
  bool allow_private_addresses = false;
  std::uint64_t bytes_max = std::uint64_t{64} << 20;  // of one picture, where the host sends it after all
  TimeLimits limits;
  int failures_max = 20;  // in a row
};

enum class RemoteState {
  same,      // 304, or the same bytes
  stale,     // the host gives other bytes now
  vanished,  // 404, 410
  unclear,   // no answer that tells
};

struct RemoteReport {
  std::uint64_t held = 0, without_validators = 0, chosen = 0, asked = 0;
  std::uint64_t same = 0, stale = 0, vanished = 0, unclear = 0;
  std::uint64_t bytes = 0;
  std::string ended_early;  // a sentence; empty: the whole sample was asked
  bool interrupted = false;
};

// Each picture that is not the same: its key, its URL, what the host said.
using RemoteSink =
    std::function<void(RemoteState, const AssetKey&, const std::string& url, const std::string& detail)>;

RemoteReport verify_remote(const RemoteOptions& options, const Index& index, Transport& transport,
                           const Clock& clock, const StopFlag& stop, const RemoteSink& told);

}  // namespace medimirror
