// Role: the endpoints under /v4: authentication, the request limit, checks of the request, and the answers.
// Threads: any number.
// Not here: HTTP (server), what spoils an answer (faults); but a listing that lies is made here, as it is
// told.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/clock.h"
#include "sandbox/catalogue.h"
#include "sandbox/exchange.h"

namespace medimirror::sandbox {

struct ApiOptions {
  std::string key_id = "42", secret = "sandbox-secret";
  std::string expired_key_id = "13";  // known, with the same secret, and refused with 403
  int requests_per_minute = 45;       // 0: no limit
  int retry_after = 0;                // seconds, sent with the 429 of the limit; 0: not sent
};

// "media_query", "products_stream", "media_file", "admin", …; "unknown" for what does not exist.
std::string_view endpoint_of(std::string_view path);
bool is_listing(std::string_view endpoint);
bool is_stream(std::string_view endpoint);

class Api {
 public:
  Api(ApiOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}

  Reply answer(const Request& request, std::shared_ptr<const Catalogue> catalogue, const MediaHosts& hosts,
               ListingLie lie);

 private:
  std::optional<Reply> refuse_access(const Request& request) const;
  std::optional<Reply> refuse_excess();
  Reply find_media(const Request& request, const Catalogue& catalogue, const MediaHosts& hosts) const;
  Reply find_product(const Request& request, const Catalogue& catalogue, const MediaHosts& hosts) const;
  Reply list(const Request& request, std::string_view endpoint, std::shared_ptr<const Catalogue> catalogue,
             const MediaHosts& hosts, ListingLie lie) const;

  const ApiOptions options_;
  const Clock& clock_;
  std::mutex mutex_;
  std::deque<SteadyTime> recent_;  // requests of the last minute, oldest first
};

}  // namespace medimirror::sandbox
