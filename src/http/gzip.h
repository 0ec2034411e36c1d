// Role: unpacks what is gzip, of one member or several (RFC 1952): a body, or a stream as it arrives. Pure.
// Limits: unpack_gzip says no to what is not whole, is damaged, or would be longer than `bytes_max`; a stream is
// handed on in pieces of 64 KB.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/body.h"

namespace medimirror {

bool looks_gzipped(std::string_view bytes);  // no picture begins so
// False: `unpacked` holds nothing of use.
bool unpack_gzip(const Body& packed, std::uint64_t bytes_max, Body& unpacked);

// Whether what arrives is gzip is told by its first bytes: all else is handed on as it is.
class StreamUnpacker {
 public:
  using Sink = std::function<bool(std::string_view)>;  // false: no more, please

  StreamUnpacker();
  ~StreamUnpacker();

  // False: the sink said so, or what came is damaged. A member that is cut short has been handed on as far as it goes.
  bool feed(std::string_view bytes, const Sink& sink);
  bool damaged() const { return damaged_; }
  bool whole() const;  // it was gzip, and its last member has ended

 private:
  struct State;
  bool unpack(std::string_view bytes, const Sink& sink);

  enum class Kind { unknown, plain, gzip } kind_ = Kind::unknown;
  bool damaged_ = false;
  std::string start_;  // until its kind is known
  std::unique_ptr<State> state_;
};

}  // namespace medimirror
