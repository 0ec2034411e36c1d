// Role: one walk over what the service lists: items as they arrive, then how it ended. The seam of the source of a
// catalogue: what asks has MediaItems and Products of it, and knows no JSON of the service.
// Place: the pipeline's loop drives it over the transport that downloads share: advance() starts what may
// start and parses what has arrived, handle() takes what completed; it never waits and never makes the
// listing wait.
// Threads: the loop's only.
// Failure: a refused key, a wrong filter or a service that stays down is the run's failure: throws
// Error{auth, config, unavailable, network}. A listing that breaks off, or has places that cannot be read, is a
// value: a State with a sentence. Whatever is not complete may add; it must not remove anything nor move the cursor.
// Limits, far above any real catalogue: a line of 1 MB (a longer one is a bad place); kListedItemsMax rows, fewer where they
// are out of order; listing_ms_max; what has arrived and is not taken yet. Beyond one of them it is cut, and says which.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/bad_places.h"
#include "base/clock.h"
#include "base/fingerprint.h"
#include "base/media.h"
#include "base/waiting.h"
#include "http/transport.h"

namespace medimirror {

// One listed object, read only when asked: whoever knows its fingerprint need not look inside.
struct ListedItem {
  MediaId id =
      0;  // 0 for an object without a usable id: counted as malformed by the listing, never handed out
  Fingerprint fingerprint;  // of `json`
  std::string_view
      json;  // the object's own bytes, for who shows them; what they mean is said by these two alone
  std::optional<MediaItem> media() const;  // nothing: it cannot be read as one
  std::optional<Product> product() const;
};

constexpr std::uint64_t kListedItemsMax = 5'000'000;
constexpr std::uint64_t kUnorderedItemsMax = 1'000'000;  // who meets an id again has to remember them all

class Listing {
 public:
  enum class State {
    running,
    complete,
    shifted,  // walked to its end and short by a few: what was listed moved meanwhile, which is nobody's fault
    holed,    // walked to its end, past places that could not be read (bad_places)
    cut,      // broke off
  };
  enum class Mode { stream, query };

  virtual ~Listing() = default;

  virtual void advance(SteadyTime now) = 0;
  virtual bool handle(Completed& completed) = 0;  // true: it was this listing's request
  virtual SteadyTime wake_at() const = 0;         // when advance() has something to do though nothing arrived

  // Why no items come just now, where that takes longer than an answer usually does.
  virtual std::optional<Waiting> waiting() const { return std::nullopt; }

  // The items parsed since the last call, replacing `batch`; their views live until the next take() or
  // advance().
  virtual bool take(std::vector<ListedItem>& batch) = 0;  // false: none now

  virtual std::size_t held_bytes() const { return 0; }  // in memory, of what arrived

  virtual State state() const = 0;
  virtual Mode mode() const = 0;
  virtual const std::string& cut_reason() const = 0;       // a sentence, when it ended and is not complete
  virtual const BadPlaces& bad_places() const;             // none, unless a walk knows better
  virtual std::optional<std::uint64_t> total() const = 0;  // as the service announced it
  virtual std::uint64_t items() const = 0;                 // handed out
  virtual std::uint64_t malformed() const = 0;             // objects without a usable id or not an object
  virtual std::uint64_t requests() const = 0;              // sent to the API, retries included
  virtual std::optional<UnixSeconds> server_date() const = 0;  // Date of the first answer: the next cursor
};

// "the listing was cut short: …", of one that ended and is not complete.
std::string ending_of(const Listing& listing);
}  // namespace medimirror
