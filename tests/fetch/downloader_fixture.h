// What the tests of the downloader share: a scripted transport, a clock that the test moves, and a loop like the
// pipeline's with a writer that is always at once done.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fetch/downloader.h"
#include "support/fake_transport.h"

namespace medimirror {

inline const std::string kHost = "https://media.medipim.be";

class DownloaderTest : public testing::Test {
 protected:
  DownloaderTest() : transport_(clock_) {
    options_.allowed_hosts = {"media.medipim.be", "assets.medipim.be"};
    options_.waiting_max = 100'000;
  }

  void make() { downloader_.emplace(options_, transport_, clock_, room_, 1); }

  void add(MediaId id, const std::string& url, Validators validators = {}) {
    downloader_->add({{id, "huge"}, url, std::move(validators)});
  }
  void add_many(MediaId count) {
    for (MediaId id = 1; id <= count; ++id) add(id, fmt::format("{}/{}.jpg", kHost, id));
  }
  static int number_of(const Request& request) {
    return std::stoi(request.url.text().substr(request.url.text().rfind('/') + 1));
  }

  std::vector<FetchResult> run(Millis at_most = std::chrono::hours(2)) {
    std::vector<FetchResult> all;
    const SteadyTime end = clock_.steady_now() + at_most;
    while (clock_.steady_now() < end) {
      downloader_->advance();
      for (FetchResult& result : downloader_->take()) {
        if (auto* fetched = std::get_if<Fetched>(&result.outcome)) {
          room_->give_back_items(1);
          room_->give_back(fetched->body.detach());
        }
        all.push_back(std::move(result));
      }
      if (downloader_->idle()) break;
      const SteadyTime wake = std::min(downloader_->wake_at(), clock_.steady_now() + Millis(1000));
      for (Completed& completed : transport_.wait(wake)) downloader_->handle(completed);
    }
    return all;
  }

  template <typename Outcome>
  static std::size_t count(const std::vector<FetchResult>& results) {
    return static_cast<std::size_t>(std::ranges::count_if(
        results, [](const FetchResult& result) { return std::holds_alternative<Outcome>(result.outcome); }));
  }

  ManualClock clock_;
  FakeTransport transport_;
  static constexpr std::int64_t kItems = 512, kBytes = std::int64_t{256} << 20;
  std::shared_ptr<Room> room_ = std::make_shared<Room>(RoomSize{kItems, kBytes});
  Downloader::Options options_;
  std::optional<Downloader> downloader_;
};

}  // namespace medimirror
