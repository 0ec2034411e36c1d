#include "gallery/file_connection.h"

#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace medimirror {

namespace {

constexpr std::size_t kHeadBytesMax = 16'384;
constexpr off_t kPieceBytes = 1 << 20;  // then the others have their turn
constexpr std::chrono::seconds kFarewell{2};

bool try_again() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

}  // namespace

FileConnection::FileConnection(UniqueFd socket, const FileServer::Limits& limits, Clock::time_point now)
    : socket_(std::move(socket)), limits_(limits), deadline_(now + limits.head) {}

short FileConnection::awaited() const {
  return part_ == Part::answer ? POLLOUT : POLLIN;
}

bool FileConnection::advance(const Answer& answer, Clock::time_point now) {
  switch (part_) {
    case Part::request:
      return read_request(answer, now);
    case Part::answer:
      return send_answer(now);
    case Part::farewell:
      return read_on();
  }
  return false;
}

bool FileConnection::read_request(const Answer& answer, Clock::time_point now) {
  std::array<char, 4096> piece{};
  const ssize_t got = ::recv(socket(), piece.data(), piece.size(), 0);
  if (got < 0) return try_again();
  if (got == 0) return false;
  const std::size_t seen = head_.size() - std::min<std::size_t>(head_.size(), 3);
  head_.append(piece.data(), static_cast<std::size_t>(got));
  const std::size_t end = head_.find("\r\n\r\n", seen);
  if (end == head_.npos && head_.size() < kHeadBytesMax) return true;
  answer_ = end == head_.npos ? refuse_request({431, "This request is longer than any of a browser.\n"})
                              : answer(std::string_view(head_).substr(0, end + 2));
  head_ = {};
  part_ = Part::answer;
  deadline_ = now + limits_.stall;
  return send_answer(now);
}

bool FileConnection::send_answer(Clock::time_point now) {
  const bool has_file = answer_.file && answer_.next < answer_.end;
  if (sent_ < answer_.text.size()) {
    const ssize_t sent = ::send(socket(), answer_.text.data() + sent_, answer_.text.size() - sent_,
                                MSG_NOSIGNAL | (has_file ? MSG_MORE : 0));
    if (sent < 0) return try_again();
    sent_ += static_cast<std::size_t>(sent);
  } else if (has_file) {
    const ssize_t sent =
        ::sendfile(socket(), answer_.file.get(), &answer_.next,
                   static_cast<std::size_t>(std::min(kPieceBytes, answer_.end - answer_.next)));
    if (sent < 0) return try_again();
    if (sent == 0) return false;  // the file became shorter, and the promised length cannot be kept
  }
  deadline_ = now + limits_.stall;
  if (sent_ < answer_.text.size() || (answer_.file && answer_.next < answer_.end)) return true;
  answer_ = {};
  part_ = Part::farewell;
  deadline_ = now + kFarewell;
  return ::shutdown(socket(), SHUT_WR) == 0;
}

bool FileConnection::read_on() {
  std::array<char, 16'384> ignored{};
  const ssize_t got = ::recv(socket(), ignored.data(), ignored.size(), 0);
  return got < 0 ? try_again() : got > 0;
}

}  // namespace medimirror
