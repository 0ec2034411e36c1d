// Role: the first exception of any of a run's threads; it ends the run.
// Threads: guard() and any() for all; get() once the others have ended.
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <utility>

namespace medimirror {

class FirstFailure {
 public:
  explicit FirstFailure(std::function<void()> wake) : wake_(std::move(wake)) {}

  template <typename Body>
  void guard(Body body) noexcept {
    try {
      body();
    } catch (...) {
      {
        std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
      }
      failed_.store(true);
      wake_();
    }
  }
  bool any() const { return failed_.load(); }
  std::exception_ptr get() const { return failure_; }

 private:
  std::function<void()> wake_;
  std::mutex mutex_;
  std::exception_ptr failure_;
  std::atomic<bool> failed_{false};
};

}  // namespace medimirror
