// Role: the check that reads: every blob hashed, and decoded where asked, by all cores at once.
// Place: after the structure check, with the list it made. Remembers in the index what was good, in groups.
// Threads: run() starts and joins its own; each has one buffer, one hash and, for pixels, one decoder process. The caller's
// thread commits. Limits: time and bytes a second are looked at between objects and pieces; a stop takes at most one object.
// Failure: an object that cannot be read is a Finding; a decoder that cannot be started ends the run.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <vector>

#include "upkeep/verify_structure.h"

namespace medimirror {

// Bytes a second for several threads together.
class Pace {
 public:
  Pace(std::uint64_t bytes_per_second, const StopFlag& stop) : rate_(bytes_per_second), stop_(stop) {}
  void take(std::uint64_t bytes);  // waits its turn

  using Time = std::chrono::steady_clock::time_point;
  // When the next so many bytes may be read by who asks now; they are counted from then on.
  Time turn(std::uint64_t bytes, Time now);

 private:
  const std::uint64_t rate_;
  const StopFlag& stop_;
  std::mutex mutex_;
  Time free_at_{};
};

class ContentCheck {
 public:
  // `index` may be null: then nothing is remembered.
  ContentCheck(const VerifyOptions& options, Index* index, const Clock& clock, const StopFlag& stop,
               const FindingSink& found, VerifyReport& report);

  void run(StructureResult work, SteadyTime deadline);

 private:
  struct Reading;  // what one thread needs

  std::vector<ReadTarget> choose(std::vector<ReadTarget> blobs) const;
  void read_all();
  void remember_while_reading(std::size_t threads);
  void remember();
  void read_blob(const ReadTarget& target, Reading& reading);
  void read_copy(const PublishedCopy& copy, Reading& reading);
  bool check_pixels(const ReadTarget& target, Reading& reading);
  bool still_known(const Digest& digest) const;
  void say(Finding finding);
  bool ended() const;

  const VerifyOptions& options_;
  Index* index_;
  const Clock& clock_;
  const StopFlag& stop_;
  const FindingSink& found_;
  VerifyReport& report_;
  Pace pace_;
  SteadyTime deadline_{};

  std::vector<ReadTarget> blobs_;
  std::vector<PublishedCopy> copies_;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::uint64_t> objects_{0}, bytes_{0};
  std::atomic<bool> failed_{false};

  std::mutex mutex_;
  std::condition_variable finished_;
  std::size_t running_ = 0;
  std::vector<Digest> good_;  // read, right, and not remembered yet
  std::exception_ptr failure_;
};

}  // namespace medimirror
