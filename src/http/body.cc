#include "http/body.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <utility>

#include "base/error.h"
#include "base/unnamed_file.h"

namespace medimirror {

namespace {

constexpr std::size_t kHeadBytes = 4096;
constexpr std::size_t kPieceBytes = 64 * 1024;
constexpr std::size_t kBelievedBytes = 1 << 20;  // of what is announced, before it comes

}  // namespace

Body::Body(std::shared_ptr<Room> room) : room_(std::move(room)) {
  if (room_ != nullptr) charge_exactly(kChargedAtFirst);
}

Body& Body::operator=(Body&& other) noexcept {
  if (this == &other) return *this;
  clear();
  room_ = std::move(other.room_);
  text_ = std::exchange(other.text_, {});
  size_ = std::exchange(other.size_, 0);
  expected_ = std::exchange(other.expected_, 0);
  charged_ = std::exchange(other.charged_, 0);
  file_ = std::move(other.file_);
  mapped_ = std::exchange(other.mapped_, nullptr);
  return *this;
}

void Body::unmap() const noexcept {
  if (mapped_ != nullptr) ::munmap(const_cast<char*>(mapped_), size_);
  mapped_ = nullptr;
}

void Body::clear() noexcept {
  unmap();
  if (room_ == nullptr) return;
  room_->give_back(std::exchange(charged_, 0));
  if (file_) room_->note_on_disk(-static_cast<std::int64_t>(size_));
}

void Body::charge_exactly(std::int64_t bytes) {
  if (room_ == nullptr) return;
  room_->charge(bytes - charged_);
  charged_ = bytes;
}

void Body::expect(std::uint64_t bytes) {
  expected_ = static_cast<std::size_t>(bytes);
  if (room_ == nullptr) text_.reserve(std::min(expected_, kBelievedBytes));
}

void Body::append(std::string_view bytes) {
  if (!file_ && goes_to_file(size_ + bytes.size())) spill();
  if (file_)
    write(bytes);
  else
    text_ += bytes;
  size_ += bytes.size();
}

// Makes room in memory for `needed` bytes, unless they do not belong there.
bool Body::goes_to_file(std::size_t needed) {
  const bool may_go = room_ != nullptr && !room_->overflow().empty();
  if (may_go && std::max(needed, expected_) > kInMemoryMax) return true;
  if (needed <= text_.capacity()) return false;
  const std::size_t capacity = std::max({needed, 2 * text_.capacity(), std::min(expected_, kBelievedBytes)});
  const std::int64_t more = static_cast<std::int64_t>(capacity) - charged_;
  if (may_go && more > 0) {
    if (!room_->try_charge(more)) return true;
    charged_ += more;
  }
  text_.reserve(capacity);
  charge_exactly(std::max(charged_, static_cast<std::int64_t>(text_.capacity())));
  return false;
}

void Body::spill() {
  file_ = unnamed_file(room_->overflow());
  write_all(file_.get(), text_, room_->overflow());
  room_->note_on_disk(static_cast<std::int64_t>(size_));
  text_.resize(std::min(text_.size(), kHeadBytes));
  text_.shrink_to_fit();
  charge_exactly(kHeadBytes);
}

void Body::write(std::string_view bytes) {
  write_all(file_.get(), bytes, room_->overflow());
  room_->note_on_disk(static_cast<std::int64_t>(bytes.size()));
  if (text_.size() < kHeadBytes) text_ += bytes.substr(0, kHeadBytes - text_.size());
}

void Body::close() {
  if (!file_) charge_exactly(static_cast<std::int64_t>(text_.capacity()));
}

std::string_view Body::head() const {
  return std::string_view(text_).substr(0, kHeadBytes);
}

std::string_view Body::view() const {
  if (!file_) return text_;
  if (mapped_ == nullptr) {
    void* const at = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file_.get(), 0);
    if (at == MAP_FAILED) throw_errno(errno, "read what was downloaded");
    mapped_ = static_cast<const char*>(at);
  }
  return {mapped_, size_};
}

void Body::each_piece(const std::function<bool(std::string_view)>& callback) const {
  if (!file_) {
    callback(text_);
    return;
  }
  std::array<char, kPieceBytes> piece;
  for (std::size_t at = 0; at < size_;) {
    const ssize_t came = ::pread(file_.get(), piece.data(), piece.size(), static_cast<off_t>(at));
    if (came < 0 && errno == EINTR) continue;
    if (came <= 0) throw_errno(came < 0 ? errno : EIO, "read what was downloaded");
    if (!callback({piece.data(), static_cast<std::size_t>(came)})) return;
    at += static_cast<std::size_t>(came);
  }
}

std::string Body::take_text() && {
  assert(!file_);
  return std::move(text_);
}

std::int64_t Body::detach() {
  if (room_ != nullptr && file_) room_->note_on_disk(-static_cast<std::int64_t>(size_));
  room_.reset();
  return std::exchange(charged_, 0);
}

}  // namespace medimirror
