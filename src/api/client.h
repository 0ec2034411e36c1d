// Role: calls of the Medipim API: address, auth, headers, the request window, retries and the error envelope.
// Place: what a Listing is made of; the pipeline makes one client per run.
// Failure: throws Error{auth} for 401 and 403, Error{config} for 405 and 422 (with the service's own
// violations), Error{unavailable} when the service stays down or keeps saying 429, Error{network} for a reply
// that is not HTTP.
// Not here: pictures (fetch/downloader); they are asked of other hosts, without auth and without this window.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/filter.h"
#include "api/listing.h"
#include "base/clock.h"
#include "base/secret.h"
#include "http/rate_limiter.h"
#include "http/retry_policy.h"
#include "http/transport.h"

namespace medimirror {

enum class ListingMode { automatic, stream, query };

struct ApiOptions {
  std::string base_url = "https://api.medipim.be/v4";
  std::string key_id;
  Secret secret;              // over plain http only to loopback: checked here, before anything is sent
  std::string secret_origin;  // where it was read, for the sentence of a 401; empty: not known
  std::string accept_language = "nl,fr,en";
  ListingMode listing = ListingMode::automatic;
  std::size_t requests_per_minute = kRequestsPerMinute;
  std::filesystem::path request_ledger;  // see http/rate_limiter.h
  std::size_t page_size = 250;           // 10, 50, 100 or 250
  RetryOptions retry;
  // Of a stream that broke off half-way, or a walk of pages that shifted: from its start.
  int restarts_max = 1;
  // So long without a byte ends a call; a stream has no limit to its whole time, and this one until its first byte.
  Millis stall_ms_max{60'000};
  Millis answer_ms_max{10 * 60'000};
  // A whole listing, with all that is asked again.
  Millis listing_ms_max{12 * 3600 * 1000};
  Millis wait_ms_max{5 * 60'000};  // a Retry-After beyond this ends the run
  bool compression = true;         // gzip is worth it but for a service on the same machine
};

// Walks the media that match the filter. The references must outlive the listing. `filter` was checked.
std::unique_ptr<Listing> list_media(const ApiOptions& options, const MediaFilter& filter,
                                    Transport& transport, const Clock& clock);

// The same for products (products/stream, products/query); `json` of each ListedItem is a product, its id is
// 0 and the items come in the service's order.
std::unique_ptr<Listing> list_products(const ApiOptions& options, const std::string& filter_json,
                                       Transport& transport, const Clock& clock);

// One request for the first ten: what the key may see, and of how many. It is a stream that ends after ten; a page where
// that is refused or slow to begin, and then the service says kTotalCap for as many or more. Drives the transport itself
// until the answer is there; throws what a listing throws.
struct FirstMedia {
  std::uint64_t total = 0;
  std::vector<MediaItem> items;
};
constexpr std::uint64_t kTotalCap = 10'000;
FirstMedia first_media(const ApiOptions& options, const MediaFilter& filter, Transport& transport,
                       const Clock& clock);

}  // namespace medimirror
