// Role: the one budget for what is under way between the wire and the disk: pictures, and bytes of memory. Pure counting.
// Place: a run makes one. Bodies (http/body.h) charge what they hold as they grow; the downloader starts no request while
// has_place() is false; what was handed to other threads is given back once the writer has it on disk.
// Rules: memory that is not there is not taken: a body then goes on in an unnamed file in `overflow`, and is charged whole when
// somebody is to read it, which it waits for (admit). While one waits, and while the files are many, nothing new starts, so
// that it gets its turn. What can only be in memory (a listing) is set aside, and the pictures have the rest.
// Threads: the loop's only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <utility>

namespace medimirror {

struct RoomSize {
  std::int64_t items = 0, bytes = 0;
};

class Room {
 public:
  // No `overflow`: all that comes is held in memory, and only what is new waits.
  explicit Room(RoomSize size, std::filesystem::path overflow = {})
      : size_(size), overflow_(std::move(overflow)) {}
  Room(const Room&) = delete;  // bodies refer to it
  Room& operator=(const Room&) = delete;

  void resize(RoomSize size) { size_ = size; }  // what is taken stays taken

  // For one more request.
  bool has_place() const {
    return items_left() > 0 && bytes_left() > 0 && !waited_for_ && on_disk_ < size_.bytes;
  }

  void take_item() { ++items_; }
  void give_back_items(std::int64_t items) { items_ -= items; }

  // Bytes of memory. try_charge() is false where they are not there.
  bool try_charge(std::int64_t bytes) {
    if (bytes > bytes_left()) return false;
    charged_ += bytes;
    return true;
  }
  void charge(std::int64_t bytes) { charged_ += bytes; }
  void give_back(std::int64_t bytes) { charged_ -= bytes; }

  // Charges what lies in a file and is to be read; what is larger than all there is has it to itself. False: not yet.
  bool admit(std::int64_t bytes) {
    waited_for_ = bytes > bytes_left() && charged_ > 0;
    if (!waited_for_) charged_ += bytes;
    return !waited_for_;
  }

  void set_aside(std::int64_t bytes) { aside_ = bytes; }  // in place of what was set aside before
  void note_on_disk(std::int64_t change) { on_disk_ += change; }

  std::int64_t items_left() const { return size_.items - items_; }
  // Half of it is the pictures' whatever is set aside: they wait, but not for ever.
  std::int64_t bytes_left() const { return size_.bytes - charged_ - std::min(aside_, size_.bytes / 2); }
  bool is_idle() const { return items_ == 0; }
  const std::filesystem::path& overflow() const { return overflow_; }

 private:
  RoomSize size_;
  std::int64_t items_ = 0, charged_ = 0, aside_ = 0, on_disk_ = 0;
  bool waited_for_ = false;
  std::filesystem::path overflow_;
};

}  // namespace medimirror
