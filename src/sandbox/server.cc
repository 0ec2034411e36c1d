#include "sandbox/server.h"

#include <fmt/format.h>
#include <httplib.h>

#include <ctime>
#include <thread>
#include <type_traits>

#include "base/error.h"
#include "sandbox/media_files.h"
#include "sandbox/wire.h"

namespace medimirror::sandbox {
namespace {

constexpr int kBacklog = 1024;  // the library's own is 5: bursts of connections would wait a second each
constexpr std::size_t kBodyBytesMax = 16 * 1024 * 1024;
constexpr std::time_t kKeepAliveSeconds = 75;

// The library's pool, and a count of connections: each is one task.
class CountingPool final : public httplib::TaskQueue {
 public:
  CountingPool(std::size_t threads, Stats& stats) : pool_(threads), stats_(stats) {}

  // Newer versions of the library return whether there was room.
  auto enqueue(std::function<void()> task)
      -> decltype(std::declval<httplib::TaskQueue&>().enqueue(std::function<void()>())) override {
    stats_.connection_opened();
    return pool_.enqueue(std::move(task));
  }
  void shutdown() override { pool_.shutdown(); }

 private:
  httplib::ThreadPool pool_;
  Stats& stats_;
};

Request to_request(const httplib::Request& in) {
  Request request;
  request.method = in.method;
  request.path = in.path;
  request.target = in.target;
  for (const auto& [key, value] : in.params) request.query.emplace_back(key, value);
  request.body = in.body;
  const auto header = [&](const char* name, std::string& value) {
    const auto found = in.headers.find(name);
    if (found != in.headers.end()) value = found->second;
  };
  header("Authorization", request.authorization);
  header("User-Agent", request.user_agent);
  header("Accept-Encoding", request.accept_encoding);
  header("Accept-Language", request.accept_language);
  header("If-None-Match", request.if_none_match);
  header("If-Modified-Since", request.if_modified_since);
  return request;
}

// A stream on its way: alive until the library lets go of it.
struct Stream {
  Request request;
  Reply reply;
  std::uint64_t sent = 0;
};

void send_stream(Service& service, Request request, Reply reply, httplib::Response& out) {
  auto stream = std::make_shared<Stream>(Stream{std::move(request), std::move(reply), 0});
  out.set_chunked_content_provider(
      stream->reply.content_type,
      [stream, &service](std::size_t, httplib::DataSink& sink) {
        std::string piece;
        More more = More::yes;
        while (piece.empty() && more == More::yes) more = stream->reply.producer(piece);
        if (!piece.empty() && !sink.write(piece.data(), piece.size())) return false;
        stream->sent += piece.size();
        if (more == More::no) sink.done();
        return more != More::cut && !service.stopping();
      },
      [stream, &service](bool) { service.close(stream->request, stream->reply, stream->sent); });
}

void serve(Service& service, const httplib::Request& in, httplib::Response& out) {
  Request request = to_request(in);
  service.open(request);
  Reply reply = service.answer(request);
  out.status = reply.status;
  if (reply.wire && request.method != "HEAD") {
    // The socket is shut down behind the library's back; what it sends now goes nowhere.
    const int fd = find_connection(in.remote_port, in.local_port);
    const std::uint64_t sent =
        fd < 0 ? 0 : send_wrongly(fd, reply, [&service] { return service.stopping(); });
    return service.close(request, reply, sent);
  }
  // the library sends none, and a mirror takes the service's time from it
  out.set_header("Date", http_date(std::time(nullptr)));
  for (const auto& [name, value] : reply.headers) out.set_header(name, value);
  if (reply.producer) return send_stream(service, std::move(request), std::move(reply), out);
  service.close(request, reply, request.method == "HEAD" ? 0 : reply.body.size());
  if (!reply.content_type.empty()) out.set_header("Content-Type", reply.content_type);
  out.body = std::move(reply.body);
}

}  // namespace

struct Server::Impl {
  Impl(Service& the_service) : service(the_service) {}

  Service& service;
  httplib::Server http;
  int listening_fd = -1;
  int port = 0;
  std::string url;
  std::thread thread;
};

Server::Server(const ServerOptions& options, Service& service) : impl_(std::make_unique<Impl>(service)) {
  httplib::Server& http = impl_->http;
  http.new_task_queue = [threads = static_cast<std::size_t>(options.threads),
                         &service]() -> httplib::TaskQueue* {
    return new CountingPool(threads, service.stats());
  };
  http.set_tcp_nodelay(true);
  http.set_keep_alive_max_count(1'000'000'000);
  http.set_keep_alive_timeout(kKeepAliveSeconds);
  http.set_read_timeout(30);
  http.set_write_timeout(120);
  http.set_payload_max_length(kBodyBytesMax);
  // Not the library's default, which lets two servers share one port.
  http.set_socket_options([impl = impl_.get()](int fd) {
    const int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    impl->listening_fd = fd;
  });

  const auto handler = [&service](const httplib::Request& in, httplib::Response& out) {
    serve(service, in, out);
  };
  // GET is answered before routing: its regular expressions cost more than a small picture. So is a POST
  // without a body and its length: the library would wait for the client to close.
  http.set_pre_routing_handler([handler](const httplib::Request& in, httplib::Response& out) {
    const bool has_body = in.has_header("Content-Length") || in.has_header("Transfer-Encoding");
    if (has_body) return httplib::Server::HandlerResponse::Unhandled;
    handler(in, out);
    return httplib::Server::HandlerResponse::Handled;
  });
  http.Get(".*", handler).Post(".*", handler).Put(".*", handler).Patch(".*", handler).Delete(".*", handler);
  http.set_exception_handler([](const httplib::Request&, httplib::Response& out, std::exception_ptr error) {
    out.status = 500;
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& exception) {
      const Reply reply = error_reply(500, "sandbox", exception.what());
      out.body = reply.body;
      out.set_header("Content-Type", reply.content_type);
    } catch (...) {
    }
  });

  const bool bound = options.port == 0 ? (impl_->port = http.bind_to_any_port(options.host)) > 0
                                       : http.bind_to_port(options.host, impl_->port = options.port);
  if (!bound || ::listen(impl_->listening_fd, kBacklog) != 0)
    throw Error(ErrorKind::network,
                fmt::format("cannot listen on {} port {}: is the port taken, or the host not of "
                            "this machine?",
                            options.host, options.port));
  const bool any = options.host == "0.0.0.0" || options.host == "::";
  const std::string host = any ? "127.0.0.1" : options.host;
  const bool v6 = host.find(':') != std::string::npos;
  impl_->url =
      v6 ? fmt::format("http://[{}]:{}", host, impl_->port) : fmt::format("http://{}:{}", host, impl_->port);
  service.set_own_address(impl_->url);
  impl_->thread = std::thread([&http] { http.listen_after_bind(); });
  while (!http.is_running()) std::this_thread::yield();
}

Server::~Server() {
  impl_->service.request_stop();
  impl_->http.stop();
  impl_->thread.join();
}

int Server::port() const {
  return impl_->port;
}
std::string Server::url() const {
  return impl_->url;
}

}  // namespace medimirror::sandbox
