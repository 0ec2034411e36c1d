// A Listing whose lines, pace and end the test decides.
#pragma once

#include <fmt/format.h>
#include <xxhash.h>

#include <cstdlib>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "api/listing.h"

namespace medimirror {

class ScriptedListing final : public Listing {
 public:
  // `batches` are handed out one a pass of the loop.
  explicit ScriptedListing(std::vector<std::vector<std::string>> batches, State end = State::complete)
      : batches_(std::move(batches)), end_(end) {}

  void fail_with(std::exception_ptr failure) { failure_ = std::move(failure); }  // instead of an end

  void advance(SteadyTime) override {
    if (next_ < batches_.size()) {
      ready_ = true;
    } else if (failure_) {
      std::rethrow_exception(failure_);
    } else {
      state_ = end_;
    }
  }
  bool handle(Completed&) override { return false; }
  SteadyTime wake_at() const override { return {}; }

  bool take(std::vector<ListedItem>& batch) override {
    batch.clear();
    if (!std::exchange(ready_, false)) return false;
    for (const std::string& line : batches_[next_]) {
      const XXH128_hash_t hash = XXH3_128bits(line.data(), line.size());
      batch.push_back({.id = id_of(line), .fingerprint = {hash.high64, hash.low64}, .json = line});
      ++items_;
    }
    ++next_;
    return true;
  }

  State state() const override { return state_; }
  Mode mode() const override { return Mode::stream; }
  const std::string& cut_reason() const override { return cut_reason_; }
  std::optional<std::uint64_t> total() const override { return items_; }
  std::uint64_t items() const override { return items_; }
  std::uint64_t malformed() const override { return 0; }
  std::uint64_t requests() const override { return 0; }
  std::optional<UnixSeconds> server_date() const override { return 1'780'000'000; }

  static std::string photo(MediaId id, const std::string& path = {}) {
    return fmt::format(R"({{"id":{},"type":"photo","formats":{{"huge":"{}"}}}})", id,
                       path.empty() ? fmt::format("/huge/{}.png", id) : path);
  }

 private:
  // A product's id is no number: 0, as in the real listing.
  static MediaId id_of(const std::string& line) {
    return std::strtoull(line.c_str() + line.find(':') + 1, nullptr, 10);
  }

  std::vector<std::vector<std::string>> batches_;
  State end_;
  State state_ = State::running;
  std::exception_ptr failure_;
  std::size_t next_ = 0;
  bool ready_ = false;
  std::uint64_t items_ = 0;
  std::string cut_reason_ = "the test cut it";
};

}  // namespace medimirror
