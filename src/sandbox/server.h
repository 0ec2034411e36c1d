// Role: HTTP for the service (cpp-httplib; the only file that knows it is server.cc).
// Threads: a pool; a connection holds a thread while it is open, so there are as many connections as threads.
// Failure: the constructor throws Error{network} where the port cannot be had.
#pragma once

#include <memory>
#include <string>

#include "sandbox/service.h"

namespace medimirror::sandbox {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 0;  // 0: any that is free
  int threads = 160;
};

class Server {
 public:
  // Listens, and serves from then on, until it is destroyed.
  Server(const ServerOptions& options, Service& service);
  ~Server();

  int port() const;
  std::string url() const;  // "http://127.0.0.1:8080"

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace medimirror::sandbox
