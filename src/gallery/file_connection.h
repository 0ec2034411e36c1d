// Role: one browser's connection: takes a request, sends its answer, and waits a moment for the other side to close, since
// closing first over bytes that were not read would take the answer away again.
// Place: file_server polls all of them and calls `advance` for what is ready.
// Threads: one. Never blocks on the socket.
// Failure: whatever goes wrong ends the connection.
// Limits: a request of 16 KB; each of the three parts has its deadline.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/file.h"
#include "gallery/file_answer.h"
#include "gallery/file_server.h"

namespace medimirror {

class FileConnection {
 public:
  using Clock = std::chrono::steady_clock;
  using Answer = std::function<FileAnswer(std::string_view head)>;

  FileConnection(UniqueFd socket, const FileServer::Limits& limits, Clock::time_point now);

  int socket() const { return socket_.get(); }
  short awaited() const;  // for poll(2)
  bool owes_request() const { return part_ == Part::request; }
  Clock::time_point deadline() const { return deadline_; }

  // False once it is over.
  bool advance(const Answer& answer, Clock::time_point now);

 private:
  enum class Part { request, answer, farewell };

  bool read_request(const Answer& answer, Clock::time_point now);
  bool send_answer(Clock::time_point now);
  bool read_on();  // until the other side closes

  UniqueFd socket_;
  FileServer::Limits limits_;
  Part part_ = Part::request;
  Clock::time_point deadline_;
  std::string head_;
  FileAnswer answer_;
  std::size_t sent_ = 0;  // of the answer's text
};

}  // namespace medimirror
