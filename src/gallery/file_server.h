// Role: shows folders on loopback, for a quick look at the gallery and the published files; no web server for others.
// Place: `serve` makes one, prints its address and waits.
// Threads: listens on threads of its own from construction to destruction.
// Failure: throws Error{usage} when the port cannot be had. A file that is not there is a 404.
// Limits: 127.0.0.1 alone, GET and HEAD alone, asked for by that name alone (a page elsewhere that points its own
// name at this machine gets nothing); folders are not listed; no path leads out of the folders.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace medimirror {

class FileServer {
 public:
  struct Mount {
    std::string address;  // "/media/": starts and ends with a slash
    std::filesystem::path folder;
  };
  // `port` 0 takes a free one. "/" leads to `start`.
  FileServer(std::vector<Mount> mounts, std::string start, std::uint16_t port);
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
