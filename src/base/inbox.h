// Role: how threads talk: a queue with a limit, whose messages are moved. A thread takes all that waits at
// once, or gathers more for a while when a larger group is cheaper.
// Threads: any number may push; one thread takes.
// Limits: `capacity` messages. push() blocks while the inbox is full; who must never block (the network
// thread) reserves room first, so that for it push() returns at once.
// Failure: after close(), push() drops the message and returns false; take() hands out what is left, then
// nothing.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "base/clock.h"

namespace medimirror {

template <typename Message>
class Inbox {
 public:
  explicit Inbox(std::size_t capacity) : capacity_(capacity) {}

  bool push(Message message) {
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [&] { return closed_ || messages_.size() < capacity_; });
      if (closed_) return false;
      messages_.push_back(std::move(message));
      if (gathering_ != 0) {
        if (messages_.size() >= gathering_) enough_.notify_one();
        return true;  // who gathers is awake already, or sleeps on purpose
      }
    }
    waiting_.notify_one();
    return true;
  }

  // Waits for a message. Nothing: the inbox is closed and empty.
  std::optional<Message> take() {
    std::optional<Message> message;
    {
      std::unique_lock lock(mutex_);
      waiting_.wait(lock, [&] { return closed_ || !messages_.empty(); });
      if (messages_.empty()) return std::nullopt;
      message = std::move(messages_.front());
      messages_.pop_front();
    }
    room_.notify_one();
    return message;
  }

  // Waits for a message and takes all there are. Empty: the inbox is closed and empty.
  std::deque<Message> take_all() {
    std::deque<Message> all;
    {
      std::unique_lock lock(mutex_);
      waiting_.wait(lock, [&] { return closed_ || !messages_.empty(); });
      all.swap(messages_);
    }
    room_.notify_all();
    return all;
  }

  // The same, but not before `earliest`, unless there are `enough`, the inbox is closed, or somebody is in a hurry.
  std::deque<Message> gather(SteadyTime earliest, std::size_t enough) {
    std::deque<Message> all;
    {
      std::unique_lock lock(mutex_);
      waiting_.wait(lock, [&] { return closed_ || !messages_.empty(); });
      gathering_ = std::min(enough, capacity_);
      enough_.wait_until(lock, earliest,
                         [&] { return closed_ || hurried_ || messages_.size() >= gathering_; });
      gathering_ = 0;
      hurried_ = false;
      all.swap(messages_);
    }
    room_.notify_all();
    return all;
  }

  // What was pushed so far is not gathered for any longer.
  void hurry() {
    {
      std::lock_guard lock(mutex_);
      hurried_ = true;
    }
    enough_.notify_all();
  }

  void close() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    waiting_.notify_all();
    enough_.notify_all();
    room_.notify_all();
  }

  std::size_t size() const {
    std::lock_guard lock(mutex_);
    return messages_.size();
  }

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable waiting_;  // for a message
  std::condition_variable enough_;   // for enough of them
  std::condition_variable room_;
  std::deque<Message> messages_;
  std::size_t gathering_ = 0;  // how many somebody waits for
  bool hurried_ = false, closed_ = false;
};

}  // namespace medimirror
