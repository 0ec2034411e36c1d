#include "image/decoder_channel.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <type_traits>

namespace medimirror::decoder_wire {

static_assert(std::is_trivially_copyable_v<Setup> && std::is_trivially_copyable_v<DecodeRequest> &&
              std::is_trivially_copyable_v<WireRecipe> && std::is_trivially_copyable_v<DecodeReply> &&
              std::is_trivially_copyable_v<Part>);

namespace {

// Until the socket is ready. An end that is gone counts as ready: the transfer then tells.
Transfer wait_for(int fd, short events, std::optional<SteadyTime> deadline) {
  for (;;) {
    int wait_ms = -1;
    if (deadline) {
      const auto left = std::chrono::ceil<Millis>(*deadline - std::chrono::steady_clock::now()).count();
      if (left <= 0) return Transfer::timed_out;
      wait_ms = static_cast<int>(std::min<decltype(left)>(left, 1'000'000));
    }
    pollfd waited{fd, events, 0};
    const int ready = poll(&waited, 1, wait_ms);
    if (ready > 0) return Transfer::done;
    if (ready < 0 && errno != EINTR) return Transfer::closed;
  }
}

}  // namespace

WireRecipe to_wire(const Recipe& recipe) {
  WireRecipe wire;
  recipe.name.copy(wire.name, sizeof wire.name - 1);
  wire.width = recipe.width;
  wire.height = recipe.height;
  wire.quality = recipe.quality;
  wire.format = static_cast<std::uint8_t>(recipe.format);
  wire.fit = static_cast<std::uint8_t>(recipe.fit);
  wire.enlarge = recipe.enlarge ? 1 : 0;
  wire.red = recipe.background.red;
  wire.green = recipe.background.green;
  wire.blue = recipe.background.blue;
  return wire;
}

Recipe from_wire(const WireRecipe& wire) {
  Recipe recipe;
  recipe.name.assign(wire.name, strnlen(wire.name, sizeof wire.name));
  recipe.width = wire.width;
  recipe.height = wire.height;
  recipe.quality = wire.quality;
  recipe.format = static_cast<ImageFormat>(wire.format);
  recipe.fit = static_cast<Fit>(wire.fit);
  recipe.enlarge = wire.enlarge != 0;
  recipe.background = {wire.red, wire.green, wire.blue};
  return recipe;
}

WireInfo to_wire(const ImageInfo& info) {
  WireInfo wire;
  wire.width = info.width;
  wire.height = info.height;
  wire.pages = info.pages;
  wire.format = static_cast<std::uint8_t>(info.format);
  wire.has_alpha = info.has_alpha ? 1 : 0;
  return wire;
}

std::optional<ImageInfo> from_wire(const WireInfo& wire, const Limits& limits) {
  if (wire.format == 0 || wire.format > static_cast<std::uint8_t>(ImageFormat::avif)) return std::nullopt;
  if (wire.width == 0 || wire.height == 0 || wire.pages == 0 || wire.has_alpha > 1) return std::nullopt;
  ImageInfo info;
  info.format = static_cast<ImageFormat>(wire.format);
  info.width = wire.width;
  info.height = wire.height;
  info.pages = wire.pages;
  info.has_alpha = wire.has_alpha != 0;
  if (exceeds(info, limits)) return std::nullopt;
  return info;
}

Transfer send_all(int fd, std::span<iovec> pieces, std::optional<SteadyTime> deadline) {
  while (!pieces.empty()) {
    if (pieces.front().iov_len == 0) {
      pieces = pieces.subspan(1);
      continue;
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) return Transfer::closed;
      if (const Transfer waited = wait_for(fd, POLLOUT, deadline); waited != Transfer::done) return waited;
      continue;
    }
    for (auto left = static_cast<std::size_t>(sent); left > 0;) {
      iovec& piece = pieces.front();
      const std::size_t taken = std::min(left, piece.iov_len);
      piece.iov_base = static_cast<char*>(piece.iov_base) + taken;
      piece.iov_len -= taken;
      left -= taken;
      if (piece.iov_len == 0) pieces = pieces.subspan(1);
    }
  }
  return Transfer::done;
}

Transfer receive_all(int fd, void* into, std::size_t bytes, std::optional<SteadyTime> deadline) {
  auto* to = static_cast<char*>(into);
  while (bytes > 0) {
    const ssize_t received = recv(fd, to, bytes, MSG_DONTWAIT);
    if (received > 0) {
      to += received;
      bytes -= static_cast<std::size_t>(received);
    } else if (received == 0) {
      return Transfer::closed;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (const Transfer waited = wait_for(fd, POLLIN, deadline); waited != Transfer::done) return waited;
    } else if (errno != EINTR) {
      return Transfer::closed;
    }
  }
  return Transfer::done;
}

}  // namespace medimirror::decoder_wire
