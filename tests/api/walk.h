// Drives a listing to its end over a fake wire, and keeps what came, as the pipeline's loop does.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "api/client.h"
#include "api/reply_parser.h"
#include "base/error.h"
#include "support/fake_transport.h"
#include "support/manual_clock.h"

namespace medimirror {

struct KeptItem {
  MediaId id = 0;
  Fingerprint fingerprint;
  std::string json;
};

struct Walked {
  std::vector<KeptItem> items;
  Listing::State state = Listing::State::running;
  Listing::Mode mode = Listing::Mode::stream;
  std::string cut_reason;
  std::optional<std::uint64_t> total;
  std::optional<UnixSeconds> server_date;
  std::uint64_t malformed = 0, count = 0;
};

inline ApiOptions test_options() {
  ApiOptions options;
  options.base_url = "https://api.test/v4";
  options.key_id = "42";
  options.secret = Secret("s3cret");
  options.requests_per_minute = 1000;
  return options;
}

inline Walked walk_to_end(Listing& listing, FakeTransport& transport, ManualClock& clock) {
  Walked walked;
  std::vector<ListedItem> batch;
  for (int rounds = 0; listing.state() == Listing::State::running; ++rounds) {
    if (rounds > 100'000) {
      ADD_FAILURE() << "the listing does not end";
      break;
    }
    listing.advance(clock.steady_now());
    const SteadyTime until = std::min(listing.wake_at(), clock.steady_now() + std::chrono::seconds(1));
    for (Completed& completed : transport.wait(until)) EXPECT_TRUE(listing.handle(completed));
    while (listing.take(batch))
      for (const ListedItem& item : batch)
        walked.items.push_back({item.id, item.fingerprint, std::string(item.json)});
  }
  walked.state = listing.state();
  walked.mode = listing.mode();
  walked.cut_reason = listing.cut_reason();
  walked.total = listing.total();
  walked.server_date = listing.server_date();
  walked.malformed = listing.malformed();
  walked.count = listing.items();
  return walked;
}

template <typename Action>
std::optional<ErrorKind> kind_thrown_by(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.kind();
  }
  return std::nullopt;
}

template <typename Action>
std::string sentence_thrown_by(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace medimirror
