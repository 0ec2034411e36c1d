#include "gallery/file_server.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <array>
#include <thread>
#include <utility>

#include "base/error.h"

namespace medimirror {

namespace {

constexpr std::string_view kHost = "127.0.0.1";

constexpr std::array<std::pair<const char*, const char*>, 13> kContentTypes = {{
    {"html", "text/html; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"txt", "text/plain; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"json", "application/json"},
    {"jsonl", "application/jsonl"},
    {"jpg", "image/jpeg"},
    {"png", "image/png"},
    {"webp", "image/webp"},
    {"gif", "image/gif"},
    {"avif", "image/avif"},
    {"svg", "image/svg+xml"},
}};

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

class FileServer::Implementation {
 public:
  Implementation(std::vector<Mount> mounts, std::string start, std::uint16_t port)
      : start_(std::move(start)) {
    for (const Mount& mount : mounts)
      if (!server_.set_mount_point(mount.address, mount.folder.native()))
        throw Error(
            ErrorKind::usage,
            fmt::format("there is no folder {} to show: `medimirror sync` and `medimirror report gallery` "
                        "make what is shown",
                        mount.folder.native()));
    for (const auto& [extension, type] : kContentTypes)
      server_.set_file_extension_and_mimetype_mapping(extension, type);
    // What is looked at may be built again meanwhile.
    server_.set_default_headers({{"Cache-Control", "no-cache"},
                                 {"X-Content-Type-Options", "nosniff"},
                                 {"Referrer-Policy", "no-referrer"},
                                 {"Cross-Origin-Resource-Policy", "same-origin"}});
    server_.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      return check(request, response);
    });
    server_.Get(
        "/", [this](const httplib::Request&, httplib::Response& response) { response.set_redirect(start_); });
    server_.set_read_timeout(std::chrono::seconds(10));
    server_.set_write_timeout(std::chrono::seconds(30));
    listen(port);
  }

  ~Implementation() {
    server_.stop();
    thread_.join();
  }

  std::uint16_t port() const { return port_; }
  const std::string& start() const { return start_; }

 private:
  void listen(std::uint16_t port) {
    // The library asks for SO_REUSEPORT, with which two servers would share a port and each show half.
    server_.set_socket_options([](int socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    const std::string host(kHost);
    const int bound =
        port == 0 ? server_.bind_to_any_port(host) : (server_.bind_to_port(host, port) ? port : -1);
    if (bound <= 0)
      throw Error(
          ErrorKind::usage,
          fmt::format("port {} on {} cannot be had, something else may use it: name another with --port N "
                      "(0 takes a free one)",
                      port, kHost));
    port_ = static_cast<std::uint16_t>(bound);
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();  // stop() before that would be lost
  }

  httplib::Server::HandlerResponse check(const httplib::Request& request, httplib::Response& response) const {
    const auto refuse = [&response](int status, const char* sentence) {
      response.status = status;
      response.set_content(sentence, "text/plain; charset=utf-8");
      return httplib::Server::HandlerResponse::Handled;
    };
    const std::string host = request.get_header_value("Host");
    if (host != fmt::format("{}:{}", kHost, port_) && host != fmt::format("localhost:{}", port_))
      return refuse(421, "Only for a browser on this machine.\n");
    if (request.method != "GET" && request.method != "HEAD") {
      response.set_header("Allow", "GET, HEAD");
      return refuse(405, "There is only something to look at here.\n");
    }
    if (has_control_character(request.path)) return refuse(400, "Such a file cannot be.\n");
    return httplib::Server::HandlerResponse::Unhandled;
  }

  std::string start_;
  httplib::Server server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

FileServer::FileServer(std::vector<Mount> mounts, std::string start, std::uint16_t port)
    : implementation_(std::make_unique<Implementation>(std::move(mounts), std::move(start), port)) {}

FileServer::~FileServer() = default;

std::uint16_t FileServer::port() const {
  return implementation_->port();
}

std::string FileServer::address() const {
  return fmt::format("http://{}:{}{}", kHost, port(), implementation_->start());
}

}  // namespace medimirror
