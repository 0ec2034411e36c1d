// Role: getting assets: which next, how many at once, what to try again and when, when to leave a host alone.
// Place: the pipeline's loop adds downloads, calls advance() before and handle() after each transport.wait(),
// and takes results. No curl in here: it talks to a Transport and to nothing else.
// Threads: the loop's only. Nothing here sleeps: a retry is a date in a queue.
// Failure: of an item: a FetchOutcome. Of a host (it refuses or fails everything): its items end as
// Cancelled, stay wanted, and trouble() says why in one sentence.
// Limits: requests per host (the transport's), attempts per item, redirects, a retry budget (a tenth of first
// tries above a small start), and the room for bodies, taken when a download starts so that a result can
// always be passed on.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
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
#include "http/retry_policy.h"
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
  std::string body;
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

// What may be in memory between the wire and the disk. Taken by the downloader, given back when the writer
// committed.
struct Room {
  std::int64_t items = 0, bytes = 0;
};

struct HostTrouble {
  std::string host;        // origin
  std::string sentence;    // what happened and what to do
  bool try_later = false;  // the host is down or limits us; else it refuses us
};

class Downloader {
 public:
  struct Options {
    std::vector<std::string> allowed_hosts;
    bool allow_private_addresses = false;
    Millis connect_ms_max{20'000}, stall_ms_max{30'000}, total_ms_max{300'000};
    std::uint64_t bytes_max = 64 << 20;  // of one file
    int redirects_max = 5;
    RetryOptions retry;
    Millis outage_ms_max{300'000};  // a host that fails everything this long is left for another run
    int failures_to_pause = 10;     // in a row, over all items of a host
    int refusals_to_give_up = 20;   // in a row with nothing ever granted
    int gone_to_give_up = 200;      // likewise, answered 404
    double retry_budget_start = 100;
    double retry_budget_share = 0.1;
    std::size_t waiting_max = 256;
    // Whether a body could be a picture at all. One that could not is asked for once more before it is passed
    // on to be refused: an error page under a picture's name is often gone a second later.
    std::function<bool(std::string_view body)> plausible;
  };

  Downloader(Options options, Transport& transport, const Clock& clock, Room& room, std::uint64_t seed);

  bool wants_more() const { return waiting_ < options_.waiting_max && !draining_; }
  void add(Download download);

  void advance();
  bool handle(Completed& completed);
  std::vector<FetchResult> take();
  SteadyTime wake_at() const;

  void drain();  // start nothing new; what is in flight may end
  void abort();  // and end what is in flight

  std::size_t in_flight() const { return running_.size(); }
  bool idle() const { return running_.empty() && waiting_ == 0 && results_.empty(); }

  const std::vector<HostTrouble>& trouble() const { return trouble_; }
  std::vector<Waiting> waiting() const;  // the hosts that are not asked just now, though items wait for them
  std::uint64_t requests() const { return requests_; }
  std::uint64_t retries() const { return retries_; }
  std::uint64_t bytes() const { return bytes_; }

  // Hosts that asked to be left alone until a time, to be remembered across runs.
  std::vector<std::pair<std::string, WallTime>> pauses() const;
  void pause_host(const std::string& origin, WallTime until);

 private:
  struct Item {
    Download download;
    std::string current_url;  // after redirects
    int attempt = 1;
    int redirects = 0;
    std::uint32_t tries = 0;
  };
  struct Retry {
    SteadyTime due;
    std::uint64_t order;  // first come, first served among equals
    Item item;
    bool operator>(const Retry& other) const {
      return due != other.due ? due > other.due : order > other.order;
    }
  };
  struct Host {
    std::deque<Item> ready;
    std::priority_queue<Retry, std::vector<Retry>, std::greater<>> retries;
    SteadyTime paused_since{}, paused_until{};
    std::string paused_because;
    WallTime asked_to_wait_until{};
    int running = 0;
    int failures_in_row = 0, refusals_in_row = 0, gone_in_row = 0;
    int pauses_in_row = 0;
    std::optional<SteadyTime> failing_since;
    bool ever_granted = false;
    bool given_up = false;
  };

  void start(Host& host, Item item);
  void finish(Item& item, FetchOutcome outcome);
  void cancel_waiting(Host& host);
  void try_again(Item item, const Classified& verdict, const std::string& detail);
  void redirect(Item item, const Response& response);
  void note_health(const std::string& origin, Host& host, const Classified& verdict, int status);
  void pause(Host& host, Millis span, std::string why);
  void give_up(const std::string& origin, Host& host, std::string sentence, bool try_later);
  double random() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  Options options_;
  HostAllowList allowed_;
  Transport& transport_;
  const Clock& clock_;
  Room& room_;
  std::minstd_rand random_;
  std::map<std::string, Host> hosts_;  // by origin
  std::unordered_map<RequestId, std::pair<std::string, Item>> running_;
  std::vector<FetchResult> results_;
  std::vector<HostTrouble> trouble_;
  std::size_t waiting_ = 0;
  std::uint64_t order_ = 0;
  double retry_budget_;
  bool draining_ = false;
  std::uint64_t requests_ = 0, retries_ = 0, bytes_ = 0;
};

}  // namespace medimirror
