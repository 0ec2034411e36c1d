// Role: misbehaviour on demand: rules that say which requests are answered wrongly, and how.
// Place: server takes a rule's fault before it answers and spoils the reply with it; wire does what needs the
// socket.
// Threads: any number. Format of a rule, as JSON (POST /sandbox/faults, one or a list):
//   {"path": "/media/huge/*", "kind": "status", "status": 503, "retry_after": 3, "count": 2, "probability":
//   0.5}
// and on the command line: kind,path=…,count=…,… . The first rule that applies wins. Paths are globs, or
// regular expressions after a '~'.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sandbox/exchange.h"
#include "sandbox/mix.h"

namespace medimirror::sandbox {

enum class FaultKind {
  short_body,          // closes after `at_byte` of the promised bytes
  broken_chunked,      // chunked, without the last chunk
  cut_without_length,  // no length, no chunks: ends early, looks whole
  html,                // 200 and a web page
  empty,               // 200 and nothing
  flipped_bit,
  status,              // any code, with or without Retry-After
  reset,               // TCP RST in mid-body
  stall,               // silent for `ms` in mid-body
  latency,             // `ms` before the reply
  drip,                // the body takes `ms`
  redirect,            // 302 to `location`
  stream_cut,          // the listing ends after `at_byte`; "clean": as if it were complete for HTTP
  stream_error,        // an error object as a line after `at_byte`
  listing_empty,       // looks complete
  listing_half,        // looks complete
  listing_half_lying,  // the total is full, half the lines are there
  count_,
};
std::string_view name_of(FaultKind kind);

struct Fault {
  FaultKind kind = FaultKind::status;
  int status = 503;
  std::string retry_after;  // as sent; empty: none. A date is made of "date:5"
  std::optional<std::uint64_t> at_byte;
  std::chrono::milliseconds wait{0};
  std::string location;  // "{target}" stands for what was asked
  bool clean = false;
  std::size_t rule = 0;  // serial number, to give it back
};

class Faults {
 public:
  explicit Faults(std::uint64_t seed) : dice_(mix(seed ^ 0xfa017)) {}

  // Throws Error{usage} with a sentence.
  void add(const std::string& json);
  void add_from_command_line(const std::string& text);
  void clear();

  // The fault for this request, counted. Nothing: behave.
  std::optional<Fault> take(std::string_view endpoint, const std::string& path);
  // It could not be applied (the answer had no body to spoil): it does not count.
  void give_back(const Fault& fault, const std::string& path);

  std::string rules_json() const;

 private:
  struct Rule {
    std::size_t serial = 0;
    std::string pattern = "*";
    std::regex regex;
    Fault fault;
    std::optional<std::uint64_t> count;  // left
    bool each = false;                   // `count` is for each path by itself
    std::unordered_map<std::string, std::uint64_t> used{};
    double probability = 1;
    std::uint64_t applied = 0;
  };
  void add_rule(const nlohmann::json& rule);

  mutable std::mutex mutex_;
  std::atomic<bool> any_{false};
  std::vector<Rule> rules_;
  std::size_t next_serial_ = 1;
  Dice dice_;
};

bool needs_body(FaultKind kind);
ListingLie lie_of(FaultKind kind);

// The reply instead of the real one (status, redirect); nothing for the other kinds.
std::optional<Reply> replacement(const Fault& fault, const Request& request);

// Spoils a good reply, which has a body.
void spoil(const Fault& fault, Reply& reply);

}  // namespace medimirror::sandbox
