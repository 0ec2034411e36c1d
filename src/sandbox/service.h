// Role: the whole stand-in service behind one function: a request in, a reply out, with faults and counts.
// Place: server feeds it; it routes to api, media_files and admin.
// Threads: any number, through open, answer and close for each request.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "sandbox/api.h"
#include "sandbox/evolution.h"
#include "sandbox/exchange.h"
#include "sandbox/faults.h"
#include "sandbox/pictures.h"
#include "sandbox/stats.h"

namespace medimirror::sandbox {

struct ServiceOptions {
  CatalogueOptions catalogue;
  ApiOptions api;
  PictureStyle pictures = PictureStyle::real;
  std::optional<std::filesystem::path> state;  // remembers evolution and drawn pictures; else nothing is kept
  std::chrono::milliseconds latency{0};        // before every reply but the admin's
  std::vector<std::string> faults;             // rules as on the command line
  std::string public_url;                      // of the absolute media URLs; empty: the server's own address
  std::string media_host;                      // of //host/… URLs; empty: there are none
};

class Service {
 public:
  // Throws Error{usage, config, disk}.
  Service(const ServiceOptions& options, const Clock& clock);
  ~Service();

  void set_own_address(const std::string& url);  // before the first request
  void request_stop() { stopping_ = true; }
  bool stopping() const { return stopping_; }

  Stats& stats() { return stats_; }
  Evolution& evolution() { return evolution_; }

  void open(const Request& request);
  Reply answer(const Request& request);
  void close(const Request& request, const Reply& reply, std::uint64_t body_bytes);

 private:
  Reply answer_well(const Request& request, std::string_view endpoint, ListingLie lie);
  Reply administer(const Request& request);
  Reply truth(const Request& request);
  Reply oddities() const;

  const ServiceOptions options_;
  const Clock& clock_;
  MediaHosts hosts_;
  Evolution evolution_;
  Api api_;
  Faults faults_;
  Stats stats_;
  std::optional<std::filesystem::path> scratch_;  // drawn pictures without --state; removed at the end
  std::unique_ptr<Pictures> pictures_;
  std::atomic<bool> stopping_{false};
};

}  // namespace medimirror::sandbox
