#include "sandbox/wire.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <thread>

namespace medimirror::sandbox {
namespace {

using std::chrono::milliseconds;
using Kind = WireFault::Kind;

constexpr std::uint64_t kStreamMiddle = 20'000;  // "the middle" of a stream whose length nobody knows yet
constexpr int kDripPieces = 20;

int port_of(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return -1;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string head_of(const Reply& reply, std::string_view framing) {
  std::string head = fmt::format("HTTP/1.1 {} OK\r\n", reply.status);
  if (!reply.content_type.empty()) head += fmt::format("Content-Type: {}\r\n", reply.content_type);
  for (const auto& [name, value] : reply.headers) head += fmt::format("{}: {}\r\n", name, value);
  return head + fmt::format("{}Connection: close\r\n\r\n", framing);
}

// The connection ends with an RST at once, not with a polite FIN: connecting a TCP socket to "nowhere" does
// that.
void reset_connection(int fd) {
  // Give the client a moment to read what was sent: an RST may overtake it.
  std::this_thread::sleep_for(milliseconds(20));
  sockaddr nowhere{};
  nowhere.sa_family = AF_UNSPEC;
  ::connect(fd, &nowhere, sizeof nowhere);
}

}  // namespace

int find_connection(int remote_port, int local_port) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const int end = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 65536));
  for (int fd = 3; fd < end; ++fd) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 || port_of(address) != remote_port)
      continue;
    size = sizeof address;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 && port_of(address) == local_port)
      return fd;
  }
  return -1;
}

void wait_for(milliseconds span, int fd, const std::function<bool()>& stopping) {
  const auto end = std::chrono::steady_clock::now() + span;
  while (!stopping()) {
    const auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return;
    const milliseconds slice = std::min(left, milliseconds(50));
    pollfd poll_for{fd, POLLRDHUP, 0};
    if (fd < 0) {
      std::this_thread::sleep_for(slice);
    } else if (poll(&poll_for, 1, static_cast<int>(slice.count())) > 0) {
      return;
    }
  }
}

std::uint64_t send_wrongly(int fd, Reply& reply, const std::function<bool()>& stopping) {
  const WireFault fault = *reply.wire;
  const bool whole = fault.kind == Kind::stall || fault.kind == Kind::drip;  // slow, but right in the end

  // Enough of a stream to do the wrong thing in; a slow one is taken whole.
  std::string body = std::move(reply.body);
  const std::uint64_t stop_at = fault.at_byte.value_or(reply.producer ? kStreamMiddle : body.size() / 2);
  bool ended = true;
  if (reply.producer) {
    More more = More::yes;
    while (more == More::yes && (whole || body.size() <= stop_at)) more = reply.producer(body);
    ended = more == More::no;
  }
  const std::size_t first = static_cast<std::size_t>(std::min<std::uint64_t>(stop_at, body.size()));
  const std::string_view start = std::string_view(body).substr(0, first);
  const std::string_view rest = std::string_view(body).substr(first);
  // A promise that is not kept, even where the fault falls behind the end of the body.
  const std::size_t promised = std::max(body.size(), first + 1);

  std::uint64_t sent = first;
  switch (fault.kind) {
    case Kind::short_body:
      send_all(fd, head_of(reply, fmt::format("Content-Length: {}\r\n", promised)) + std::string(start));
      break;
    case Kind::broken_chunked:
      send_all(fd, head_of(reply, "Transfer-Encoding: chunked\r\n") + fmt::format("{:x}\r\n", promised) +
                       std::string(start));
      break;
    case Kind::cut_without_length:
      send_all(fd, head_of(reply, "") + std::string(start));
      break;
    case Kind::reset:
      send_all(fd, head_of(reply, fmt::format("Content-Length: {}\r\n", promised)) + std::string(start));
      reset_connection(fd);
      return sent;
    case Kind::stall:
      send_all(fd, head_of(reply, fmt::format("Content-Length: {}\r\n", body.size())) + std::string(start));
      wait_for(fault.wait, fd, stopping);
      if (send_all(fd, rest) && ended) sent = body.size();
      break;
    case Kind::drip: {
      send_all(fd, head_of(reply, fmt::format("Content-Length: {}\r\n", body.size())));
      const std::size_t piece = body.size() / kDripPieces + 1;
      for (sent = 0; sent < body.size() && !stopping(); sent += piece) {
        if (!send_all(fd, std::string_view(body).substr(static_cast<std::size_t>(sent), piece))) break;
        wait_for(fault.wait / kDripPieces, fd, stopping);
      }
      sent = std::min<std::uint64_t>(sent, body.size());
      break;
    }
  }
  ::shutdown(fd, SHUT_RDWR);
  return sent;
}

}  // namespace medimirror::sandbox
