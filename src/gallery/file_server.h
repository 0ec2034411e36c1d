// Role: shows folders on loopback, for a quick look at the gallery and the published files; no web server for others.
// Place: `serve` makes one, prints its address and waits. What a request says is file_request's, what it gets file_answer's.
// Threads: one thread of its own, from construction to destruction, serves all connections and waits for none of them.
// Failure: throws Error{usage} when the port cannot be had. A file that is not there is a 404.
// Limits: 127.0.0.1 alone, GET and HEAD alone, asked for by that name alone (a page elsewhere that points its own
// name at this machine gets nothing); folders are not listed; no path and no link leads out of the folders. A connection is one
// request of at most 16 KB, come within `head`; files go from disk to socket without passing memory; when `connections` are open
// (fewer where the process may have few descriptors), or no descriptor is left, the oldest that still owes its request gives way, so that those who ask for nothing stop nobody.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace medimirror {

class FileServer {
 public:
  struct Mount {
    std::string address;  // "/media/": starts and ends with a slash; percent-encoded as in a page
    std::filesystem::path folder;
  };
  struct Limits {
    std::chrono::milliseconds head{10'000};   // until a request has come whole
    std::chrono::milliseconds stall{30'000};  // without a byte taken of the answer
    std::size_t connections = 256;
  };
  // `port` 0 takes a free one. "/" leads to `start`.
  FileServer(std::vector<Mount> mounts, std::string start, std::uint16_t port);
  FileServer(std::vector<Mount> mounts, std::string start, std::uint16_t port, Limits limits);
  ~FileServer();
  FileServer(const FileServer&) = delete;
  FileServer& operator=(const FileServer&) = delete;

  std::uint16_t port() const;
  std::string address() const;  // "http://127.0.0.1:8700/reports/gallery/"

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace medimirror
