// Role: the same work for many numbers, from several threads, where the time goes into waiting for the kernel.
// Failure: the first exception stops the rest and is thrown again once all threads have ended.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <thread>
#include <vector>

namespace medimirror {

// Calls work(0) … work(count - 1), each once, in no order. The caller's thread is one of the `threads`.
template <typename Work>
void for_each_in_parallel(std::size_t count, std::size_t threads, const Work& work) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::exception_ptr failure;
  const auto run = [&] {
    try {
      for (std::size_t i; !failed && (i = next.fetch_add(1)) < count;) work(i);
    } catch (...) {
      if (!failed.exchange(true)) failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> others;  // joined at the end of the block
    for (std::size_t i = 1; i < std::min(count, threads); ++i) others.emplace_back(run);
    run();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace medimirror
