// A small HTTP/1.1 server on loopback that does to each request exactly what a test wrote down, however
// wrong:
//
//   HttpServer server;
//   server.on("/short", {send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"), close_connection()});
//   server.on("/ok", answer(200, "body"));
//   transport->start({.url = server.url("/ok")});
//   server.requests();     // what arrived, in order
//   server.connections();  // how many were opened
//
// Several answers for one path are used in turn, the last one repeats; other paths get 404. Header-only, so
// that any test may include it. One thread a connection; the destructor ends them all, also those that stall
// on purpose.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace medimirror {

struct ServerAct {
  enum class Kind { send, drip, stall, close, reset };
  Kind kind = Kind::send;
  std::string bytes;
  std::chrono::milliseconds pause{0};  // between two bytes of a drip, before a send
};
using ServerAnswer = std::vector<ServerAct>;

inline ServerAct send(std::string bytes, std::chrono::milliseconds pause = {}) {
  return {ServerAct::Kind::send, std::move(bytes), pause};
}
inline ServerAct drip(std::string bytes, std::chrono::milliseconds pause) {
  return {ServerAct::Kind::drip, std::move(bytes), pause};
}
inline ServerAct stall() {
  return {ServerAct::Kind::stall, {}, {}};
}
inline ServerAct close_connection() {
  return {ServerAct::Kind::close, {}, {}};
}
inline ServerAct reset_connection() {
  return {ServerAct::Kind::reset, {}, {}};
}

// A proper answer; `headers` are whole lines without the line end.
inline ServerAnswer answer(int status, std::string_view body, const std::vector<std::string>& headers = {}) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " Reason\r\n";
  if (status != 204 && status != 304) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  for (const std::string& line : headers) text += line + "\r\n";
  text += "\r\n";
  text += body;
  return {send(std::move(text))};
}

class HttpServer {
 public:
  struct Request {
    std::string method, target;
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    std::string body;
    std::size_t connection = 0;  // counts from 1

    std::optional<std::string> header(std::string_view name) const {
      for (const auto& [key, value] : headers)
        if (key == name) return value;
      return std::nullopt;
    }
  };

  HttpServer() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (listener_ < 0 || ::bind(listener_, generic, size) != 0 || ::listen(listener_, 256) != 0 ||
        ::getsockname(listener_, generic, &size) != 0)
      throw std::runtime_error("cannot listen on loopback");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }

  ~HttpServer() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    stopped_.notify_all();
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (std::thread& thread : threads_) thread.join();
    ::close(listener_);
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  void on(const std::string& target, ServerAnswer answer) {
    const std::lock_guard lock(mutex_);
    scripts_[target].push_back(std::move(answer));
  }

  std::uint16_t port() const { return port_; }
  std::string url(std::string_view target) const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(target);
  }
  std::vector<Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::size_t connections() const {
    const std::lock_guard lock(mutex_);
    return connections_;
  }
  std::size_t most_at_once() const {  // requests that were being answered
    const std::lock_guard lock(mutex_);
    return most_at_once_;
  }

 private:
  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      const std::lock_guard lock(mutex_);
      if (fd < 0 || stopping_) {
        if (fd >= 0) ::close(fd);
        return;
      }
      open_.push_back(fd);
      threads_.emplace_back([this, fd, number = ++connections_] { serve(fd, number); });
    }
  }

  void serve(int fd, std::size_t number) {
    std::string buffer;
    while (auto request = read_request(fd, buffer)) {
      request->connection = number;
      const ServerAnswer answer = begin(std::move(*request));
      const bool keep = perform(fd, answer);
      {
        const std::lock_guard lock(mutex_);
        --at_once_;
      }
      if (!keep) break;
    }
    const std::lock_guard lock(mutex_);
    std::erase(open_, fd);
    ::close(fd);
  }

  ServerAnswer begin(Request request) {
    const std::lock_guard lock(mutex_);
    most_at_once_ = std::max(most_at_once_, ++at_once_);
    const auto script = scripts_.find(request.target);
    requests_.push_back(std::move(request));
    if (script == scripts_.end()) return answer(404, "no such path");
    ServerAnswer next = script->second.front();
    if (script->second.size() > 1) script->second.pop_front();
    return next;
  }

  bool perform(int fd, const ServerAnswer& answer) {
    for (const ServerAct& act : answer) {
      switch (act.kind) {
        case ServerAct::Kind::send:
          if (!pause(act.pause) || !send_all(fd, act.bytes)) return false;
          break;
        case ServerAct::Kind::drip:
          for (const char c : act.bytes)
            if (!pause(act.pause) || !send_all(fd, {&c, 1})) return false;
          break;
        case ServerAct::Kind::stall: {
          std::unique_lock lock(mutex_);
          stopped_.wait(lock, [this] { return stopping_; });
          return false;
        }
        case ServerAct::Kind::close:
          return false;
        case ServerAct::Kind::reset: {
          const linger at_once{1, 0};  // closing then sends RST
          ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
          return false;
        }
      }
    }
    return true;
  }

  bool pause(std::chrono::milliseconds span) {
    if (span.count() == 0) return true;
    std::unique_lock lock(mutex_);
    return !stopped_.wait_for(lock, span, [this] { return stopping_; });
  }

  static bool send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  static bool read_more(int fd, std::string& buffer) {
    char bytes[16384];
    const ssize_t count = ::recv(fd, bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    buffer.append(bytes, static_cast<std::size_t>(count));
    return true;
  }

  static std::optional<Request> read_request(int fd, std::string& buffer) {
    std::size_t end = 0;
    while ((end = buffer.find("\r\n\r\n")) == std::string::npos)
      if (!read_more(fd, buffer)) return std::nullopt;
    Request request = parse_head(std::string_view(buffer).substr(0, end + 2));
    buffer.erase(0, end + 4);
    const std::size_t length = std::stoul(request.header("content-length").value_or("0"));
    while (buffer.size() < length)
      if (!read_more(fd, buffer)) return std::nullopt;
    request.body = buffer.substr(0, length);
    buffer.erase(0, length);
    return request;
  }

  static Request parse_head(std::string_view head) {
    Request request;
    bool first = true;
    while (!head.empty()) {
      const std::size_t end = head.find("\r\n");
      const std::string_view line = head.substr(0, end);
      head.remove_prefix(end + 2);
      if (std::exchange(first, false)) {
        const std::size_t space = line.find(' ');
        request.method = line.substr(0, space);
        request.target = line.substr(space + 1, line.rfind(' ') - space - 1);
        continue;
      }
      const std::size_t colon = std::min(line.find(':'), line.size());
      std::string name(line.substr(0, colon));
      std::ranges::transform(name, name.begin(),
                             [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      std::string_view value = line.substr(std::min(colon + 1, line.size()));
      while (value.starts_with(' ')) value.remove_prefix(1);
      request.headers.emplace_back(std::move(name), value);
    }
    return request;
  }

  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::map<std::string, std::deque<ServerAnswer>> scripts_;
  std::vector<Request> requests_;
  std::size_t connections_ = 0, at_once_ = 0, most_at_once_ = 0;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace medimirror
