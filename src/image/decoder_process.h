// Role: a picture inspected in another process, so that a decoder that crashes, hangs or swells costs one
// picture.
// Place: each image thread owns one Decoder; the Decoder starts this same program with the hidden argument
// `decoder-process` (main.cc hands that to decoder_process_main) and talks to it over a socket pair, one
// request at a time. The process has no environment, no files and no network (confinement.h).
// Threads: one thread makes, uses and ends a Decoder: the kernel ends the process with the thread that
// started it.
// Failure: a process that dies or exceeds its time is replaced and the picture tried once more; then it is a
// Rejection (decoder_crashed, decoder_timed_out). A process that cannot be started at all throws
// Error{internal}.
// Limits: seconds for a picture, memory and CPU time of the process, bytes of its answer.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/file.h"
#include "base/image.h"
#include "image/inspector.h"

namespace medimirror {

struct DecoderOptions {
  std::string program = "/proc/self/exe";
  std::string argument = "decoder-process";
  Limits limits;
  Millis time_max{30'000};        // for one picture with its derivatives
  Millis start_time_max{60'000};  // for a process to get ready
  std::uint64_t memory_bytes_max = std::uint64_t{3} << 30;
  std::uint64_t derivative_bytes_max = std::uint64_t{64} << 20;
};

class Decoder {
 public:
  explicit Decoder(DecoderOptions options = {});
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // At most Recipes::kCountMax. The header is checked here first: a body that is no picture never reaches the
  // process.
  std::variant<Inspection, Rejection> inspect(std::string_view bytes, const Recipes& recipes);

  void warm_up();  // starts the process now rather than with the first picture
  void stop();     // ends it; the next picture would start another

  pid_t process() const { return process_; }  // -1: none
  std::uint64_t processes_started() const { return processes_started_; }

 private:
  struct Failure;
  using Answer = std::variant<Inspection, Rejection, Failure>;

  void start();
  std::string end_process();  // and say how it ended
  Answer ask(std::string_view bytes, const Recipes& recipes);

  DecoderOptions options_;
  UniqueFd socket_;
  pid_t process_ = -1;
  std::uint64_t processes_started_ = 0;
};

// The whole life of a decoder process; what main.cc returns for `decoder-process`. `fd` is its end of the
// socket pair.
int decoder_process_main(int fd = 3);

}  // namespace medimirror
