#include "gallery/file_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <exception>
#include <list>
#include <thread>

#include "base/error.h"
#include "gallery/file_answer.h"
#include "gallery/file_connection.h"
#include "gallery/file_request.h"

namespace medimirror {

namespace {

using Clock = FileConnection::Clock;

constexpr std::string_view kHost = "127.0.0.1";
constexpr int kDeadlineStepMs = 100;  // how late a deadline may be noticed
constexpr int kTakenAtOnce = 64;      // then those that are open have their turn

UniqueFd listen_on(std::uint16_t port) {
  UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int yes = 1;
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(port);
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0 ||
      ::listen(listener.get(), SOMAXCONN) != 0)
    throw Error(
        ErrorKind::usage,
        fmt::format("port {} on {} cannot be had, something else may use it: name another with --port N "
                    "(0 takes a free one)",
                    port, kHost));
  return listener;
}

std::uint16_t port_of(int listener) {
  sockaddr_in place{};
  socklen_t size = sizeof place;
  if (::getsockname(listener, reinterpret_cast<sockaddr*>(&place), &size) != 0)
    throw_errno(errno, "ask for the port");
  return ntohs(place.sin_port);
}

// A connection takes two descriptors, one of them for the file, and a third for the moment in which that is looked for.
std::size_t affordable(std::size_t connections) {
  constexpr rlim_t kDescriptorsEach = 4;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return connections;
  const rlim_t most = std::max<rlim_t>(limit.rlim_cur / kDescriptorsEach, 1);
  return static_cast<std::size_t>(std::min<rlim_t>(most, connections));
}

std::vector<FileServer::Mount> decoded(std::vector<FileServer::Mount> mounts) {
  for (FileServer::Mount& mount : mounts) {
    mount.address = percent_decoded(mount.address).value_or(mount.address);
    if (!mount.address.ends_with('/')) mount.address += '/';
    std::error_code ignored;
    if (!std::filesystem::is_directory(mount.folder, ignored))
      throw Error(
          ErrorKind::usage,
          fmt::format("there is no folder {} to show: `medimirror sync` and `medimirror report gallery` "
                      "make what is shown",
                      mount.folder.native()));
  }
  return mounts;
}

}  // namespace

class FileServer::Implementation {
 public:
  Implementation(std::vector<Mount> mounts, std::string start, std::uint16_t port, Limits limits)
      : mounts_(decoded(std::move(mounts))),
        start_(std::move(start)),
        limits_{limits.head, limits.stall, affordable(limits.connections)},
        listener_(listen_on(port)),
        port_(port_of(listener_.get())),
        wake_(::eventfd(0, EFD_CLOEXEC)) {
    if (!wake_) throw_errno(errno, "make an eventfd");
    thread_ = std::thread([this] { serve(); });
  }

  ~Implementation() {
    const std::uint64_t one = 1;
    if (::write(wake_.get(), &one, sizeof one) != sizeof one) std::terminate();  // an empty eventfd takes it
    thread_.join();
  }

  std::uint16_t port() const { return port_; }
  const std::string& start() const { return start_; }

 private:
  void serve() {
    sigset_t pipe;  // sendfile cannot be told to leave it
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    while (true) {
      std::vector<pollfd> awaited = {{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
      for (const FileConnection& each : connections_) awaited.push_back({each.socket(), each.awaited(), 0});
      ::poll(awaited.data(), awaited.size(), connections_.empty() ? -1 : kDeadlineStepMs);
      if (awaited[0].revents != 0) return;
      const Clock::time_point now = Clock::now();
      auto ready = awaited.begin() + 2;
      std::erase_if(connections_, [&](FileConnection& each) {
        return (ready++->revents != 0 && !advance(each, now)) || now >= each.deadline();
      });
      if (awaited[1].revents != 0) take_new(now);
    }
  }

  bool advance(FileConnection& connection, Clock::time_point now) const {
    return connection.advance([this](std::string_view head) { return answer(head); }, now);
  }

  void take_new(Clock::time_point now) {
    for (int taken = 0; taken < kTakenAtOnce; ++taken) {
      if (connections_.size() >= limits_.connections) make_room();
      UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!socket) {
        if (errno == EMFILE || errno == ENFILE) make_room();
        return;
      }
      const int yes = 1;
      ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      connections_.emplace_back(std::move(socket), limits_, now);
      // most have sent their request already: who has is not among those that give way
      if (!advance(connections_.back(), now)) connections_.pop_back();
    }
  }

  // They stand in the order in which they came.
  void make_room() {
    if (connections_.empty()) return;
    const auto idle = std::ranges::find_if(connections_, &FileConnection::owes_request);
    connections_.erase(idle == connections_.end() ? connections_.begin() : idle);
  }

  FileAnswer answer(std::string_view head) const {
    const auto read = read_file_request(head);
    if (const auto* refusal = std::get_if<Refusal>(&read)) return refuse_request(*refusal);
    const auto& request = std::get<FileRequest>(read);
    if (request.host != fmt::format("{}:{}", kHost, port_) &&
        request.host != fmt::format("localhost:{}", port_))
      return refuse_request({421, "Only for a browser on this machine.\n"});
    return answer_request(request, mounts_, start_);
  }

  const std::vector<Mount> mounts_;
  const std::string start_;
  const Limits limits_;
  const UniqueFd listener_;
  const std::uint16_t port_;
  const UniqueFd wake_;
  std::list<FileConnection> connections_;  // of the thread alone
  std::thread thread_;
};

FileServer::FileServer(std::vector<Mount> mounts, std::string start, std::uint16_t port)
    : FileServer(std::move(mounts), std::move(start), port, Limits()) {}

FileServer::FileServer(std::vector<Mount> mounts, std::string start, std::uint16_t port, Limits limits)
    : implementation_(std::make_unique<Implementation>(std::move(mounts), std::move(start), port, limits)) {}

FileServer::~FileServer() = default;

std::uint16_t FileServer::port() const {
  return implementation_->port();
}

std::string FileServer::address() const {
  return fmt::format("http://{}:{}{}", kHost, port(), implementation_->start());
}

}  // namespace medimirror
