// Role: getting assets: which next, what to try again and when. Keeps the queue and the requests; when a host may be
// asked, how fast, and when it is left alone, its HostHealth says (fetch/host_health.h).
// Place: the pipeline's loop adds downloads, calls advance() before and handle() after each transport.wait(),
// and takes results. No curl in here: it talks to a Transport and to nothing else.
// Threads: the loop's only. Nothing here sleeps: a retry is a date in a queue.
// Failure: of an item: a FetchOutcome. Of a host (it refuses or fails everything): its items end as
// Cancelled, stay wanted, and trouble() says why in one sentence.
// Limits: requests per host (the transport's, and what the host bears), attempts per item, redirects, a retry budget, and
// the room (http/room.h), of which a place is taken when a download starts so that a result can always be passed on.
//
// Retries. While there is other work, they are a tenth of the first tries above a small start. What that cannot pay is
// deferred until its host has nothing else to do, and so is what a second request hardly ever mends (a whole page of HTML),
// which comes last and never goes beyond the budget. The deferred are asked in rounds; a larger round that brought
// less than a tenth of what it asked is the last one, and none lasts longer than round_ms_max. A 429 or 503 that is the
// host's doing (HostHealth::limits) costs its picture no attempt, three times.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/waiting.h"
#include "fetch/host_health.h"
#include "fetch/host_memory.h"
#include "http/body.h"
#include "http/retry_policy.h"
#include "http/room.h"
#include "http/transport.h"
#include "http/url.h"
#include "store/record.h"

namespace medimirror {

struct Download {
  AssetKey key;
  std::string url;
  Validators validators;  // not empty: ask whether what is held is still right
};

struct Fetched {
  Body body;
  Digest digest;
  Validators validators;
  std::optional<UnixSeconds> last_modified;
};
struct NotModified {
  Validators validators;
};
struct Gone {  // 404, 410
  std::string reason, detail;
};
struct Refused {  // by the server for good, or by us: a host that is not allowed
  std::string reason, detail;
};
struct GaveUp {  // it might work another day
  std::string reason, detail;
};
struct Cancelled {
};  // the run stopped, or the host was left alone: not a failure of the item, it stays wanted
using FetchOutcome = std::variant<Fetched, NotModified, Gone, Refused, GaveUp, Cancelled>;

struct FetchResult {
  AssetKey key;
  std::string url;  // as asked for, before redirects
  FetchOutcome outcome;
  std::uint32_t tries = 0;  // requests sent in this run
};

class Downloader {
 public:
  struct Options : HostHealth::Options {
    std::vector<std::string> allowed_hosts;
    bool allow_private_addresses = false;
    TimeLimits limits;
    std::uint64_t bytes_max = 64 << 20;  // of one file
    int redirects_max = 5;
    RetryOptions retry;
    double retry_budget_start = 100;
    double retry_budget_share = 0.1;
    std::size_t deferred_max = 4096;
    Millis round_ms_max{600'000};
    std::size_t waiting_max = 256;
    // Whether a body could be a picture at all. One that could not is asked for once more before it is passed
    // on to be refused: an error page under a picture's name is often gone a second later.
    std::function<bool(std::string_view body)> plausible;
  };

  Downloader(Options options, Transport& transport, const Clock& clock, std::shared_ptr<Room> room,
             std::uint64_t seed);
  Downloader(const Downloader&) = delete;  // its hosts refer to its options
  Downloader& operator=(const Downloader&) = delete;

  bool wants_more() const { return waiting_ < options_.waiting_max && !draining_; }
  void add(Download download);

  void advance();
  bool handle(Completed& completed);
  std::vector<FetchResult> take();
  SteadyTime wake_at() const;

  void drain();  // start nothing new; what is in flight may end

  std::size_t in_flight() const { return running_.size(); }
  bool idle() const;

  std::vector<HostTrouble> trouble() const;
  // What is waited for, while there is something to ask: hosts that are paused, paced or probed, and those that have not
  // answered any of what is under way for a while.
  std::vector<Waiting> waiting() const;
  std::uint64_t requests() const { return requests_; }
  std::uint64_t retries() const { return retries_; }
  std::uint64_t bytes() const { return bytes_; }

  // What is remembered of hosts across runs.
  HostMemory memory() const;
  void remember(const HostMemory& memory);

 private:
  struct Item {
    Download download;
    Url address;                    // of the download
    std::optional<Url> redirected;  // where its host sent us
    int attempt = 1;
    int redirects = 0;
    std::uint32_t tries = 0;
    int limited = 0;                              // answers that spoke of a limit
    std::optional<std::uint64_t> granted_before;  // by the host, when it first failed
    int not_its_fault = 0;                        // of these, those that cost no attempt
    bool conditional = false;  // the last request asked whether what is held is still right
    bool begun_anew = false;   // after a redirect that led nowhere
    bool deferred = false, hopeless = false;
    std::string probes;          // not empty: the host that this finds out about; there is no result
    std::optional<GaveUp> last;  // why it is tried again

    const Url& url() const { return redirected ? *redirected : address; }
  };
  struct Retry {
    SteadyTime due;
    std::uint64_t order;  // first come, first served among equals
    Item item;
    bool operator>(const Retry& other) const {
      return due != other.due ? due > other.due : order > other.order;
    }
  };
  struct Round {  // of what was deferred
    SteadyTime ends = SteadyTime::max();
    std::size_t asked = 0, brought = 0;
  };
  struct Host {
    Host(const std::string& origin, const HostHealth::Options& options) : health(origin, options) {}
    HostHealth health;
    std::deque<Item> ready;
    std::priority_queue<Retry, std::vector<Retry>, std::greater<>> retries;
    std::vector<Retry> deferred;
    std::vector<std::pair<Item, Refused>> suspended;  // it may be a ban
    Round round;
    int running = 0;
    SteadyTime
        heard_at{};  // the last answer, or when the first request went out to a host with none under way
    std::optional<Download> granted;  // the last one: what a probe asks for

    bool busy() const { return !ready.empty() || !retries.empty() || running > 0; }
  };
  struct Running {
    Host* host;
    Item item;
    SteadyTime sent_at;
  };
  struct Judged {
    Classified verdict;
    std::string detail;
  };

  Host& host_at(const std::string& origin);
  Host& host_of(const Url& url);
  void put_first(Item item);
  void prepare(Host& host, SteadyTime now);
  void begin_round(Host& host, SteadyTime now);
  void probe(Host& host);
  bool may_start(const Host& host, SteadyTime now) const;
  void start(Host& host, Item item);
  Judged judge(const Completed& completed, const Item& item) const;
  bool is_plausible(const Body& body) const;
  bool second_try_may_help(const Item& item) const;
  bool leads_nowhere(const Classified& verdict, const Item& item) const;
  void begin_anew(Item item);
  Millis left_of_wait(const std::string& url) const;
  void conclude(Host& host, Item item, const Judged& judged, Response* response);
  void succeed(Host& host, Item item, Response& response);
  void refuse(Host& host, Item item, Refused refused);
  void finish(Item& item, FetchOutcome outcome);
  void release_suspended(Host& host);
  void leave_alone(Host& host);
  void try_again(Host& host, Item item, const Judged& judged);
  void redirect(Item item, const Response& response);
  double random() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  Options options_;
  HostAllowList allowed_;
  Transport& transport_;
  const Clock& clock_;
  std::shared_ptr<Room> room_;
  std::minstd_rand random_;
  std::map<std::string, Host> hosts_;  // by origin
  std::unordered_map<RequestId, Running> running_;
  std::map<std::string, WallTime> told_to_wait_;  // by URL: until then the picture is not asked for
  std::vector<FetchResult> results_;
  std::size_t waiting_ = 0;   // ready or to be retried, of all hosts
  std::size_t deferred_ = 0;  // of all hosts, and those that may be a ban
  std::uint64_t order_ = 0;
  double retry_budget_;
  double promised_ = 0;  // of the budget, to hopeless ones that are deferred
  bool draining_ = false;
  std::uint64_t requests_ = 0, retries_ = 0, bytes_ = 0;
};

}  // namespace medimirror
