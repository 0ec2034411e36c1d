// Role: threads that may not be had, and the same work for many numbers from several of them.
// Failure: start_thread throws Error{disk} where the system has no thread left; for_each_in_parallel does with fewer. Its
// work's first exception stops the rest and is thrown again once all threads have ended.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"

namespace medimirror {

template <typename Body>
std::jthread start_thread(Body body) {
  try {
    return std::jthread(std::move(body));
  } catch (const std::system_error& error) {
    throw_errno(error.code().value(), "start a thread");
  }
}

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
    try {
      for (std::size_t i = 1; i < std::min(count, threads); ++i) others.push_back(start_thread(run));
    } catch (const Error&) {
      // this thread does what is left
    }
    run();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace medimirror
