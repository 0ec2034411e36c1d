// Role: the bytes of an answer as they arrive: in memory, and beyond kInMemoryMax, or where its room has no more memory, in a
// file without a name. Not copied, only moved.
// Place: a transfer fills it, the downloader judges it, an image worker reads it. Gives back to its room what it charged when
// it dies, or hands the charge over (detach), after which any thread may have it.
// Threads: one at a time; the room's only until detach().
// Failure: throws Error{disk} where the file cannot be written or read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"
#include "http/room.h"

namespace medimirror {

class Body {
 public:
  static constexpr std::size_t kInMemoryMax = std::size_t{4} << 20;
  static constexpr std::int64_t kChargedAtFirst = 1 << 18;  // most pictures are smaller

  Body() = default;
  Body(std::string text) : text_(std::move(text)), size_(text_.size()) {}  // NOLINT: a text is a body
  explicit Body(std::shared_ptr<Room> room);  // nothing: memory alone, and no account of it
  ~Body() { clear(); }
  Body(Body&& other) noexcept { *this = std::move(other); }
  Body& operator=(Body&& other) noexcept;

  void expect(std::uint64_t bytes);  // a hint
  void append(std::string_view bytes);
  void close();  // no more will come: charged is what it holds

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool in_file() const { return static_cast<bool>(file_); }
  std::string_view head() const;  // the first bytes, 4 KB of them or all

  // The whole. Of a file it is mapped, and then memory, which Room::admit() charges.
  std::string_view view() const;
  void unmap() const noexcept;  // ends the view of a file
  // The whole, piece by piece, in little memory. False of the callback: enough.
  void each_piece(const std::function<bool(std::string_view)>& callback) const;
  std::string take_text() &&;  // of one in memory

  // What is charged for it, which is the caller's to give back from now on.
  std::int64_t detach();

 private:
  bool goes_to_file(std::size_t needed);
  void spill();
  void write(std::string_view bytes);
  void charge_exactly(std::int64_t bytes);
  void clear() noexcept;

  std::shared_ptr<Room> room_;  // shared: a transport may still hold bodies when the run has ended
  std::string text_;            // the whole, or the head of what lies in the file
  std::size_t size_ = 0, expected_ = 0;
  std::int64_t charged_ = 0;
  UniqueFd file_;
  mutable const char* mapped_ = nullptr;
};

}  // namespace medimirror
