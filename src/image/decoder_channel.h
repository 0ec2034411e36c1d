// Role: what the program and its decoder process say to each other over their socket pair, and the limits on
// it.
// Place: the program's end in decoder_process.cc, the decoder's in decoder_child.cc. Both are the same build
// of the same program, so the structs travel as they lie in memory.
//   program: Setup                                   decoder: Ready
//   program: DecodeRequest, recipes, body            decoder: DecodeReply, then either
//                                                        the rejection's text, or
//                                                        the picture's note and print, then for each derivative Part,
//                                                        bytes
// Why a socket and no shared memory: copying a body costs about a hundredth of decoding it.
// Failure: what the other end says is not believed: every size is checked against a limit before anything is
// allocated.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/image.h"
#include "image/header.h"

namespace medimirror::decoder_wire {

constexpr std::uint32_t kMagic = 0x4D4D4433;  // raised with every change of these structs
constexpr std::uint32_t kTextBytesMax = 2000;
constexpr int kExitOutOfMemory = 12;
constexpr int kExitBadRequest = 13;

struct Setup {
  std::uint32_t magic = kMagic;
  std::uint32_t cpu_seconds_max = 0;  // for one request
  std::uint64_t memory_bytes_max = 0;
  Limits limits;
};

struct Ready {
  std::uint32_t magic = kMagic;
};

struct DecodeRequest {
  std::uint32_t magic = kMagic;
  std::uint32_t recipes = 0;
  std::uint64_t wanted = 0;  // of these, as in Recipes
  std::uint64_t body_bytes = 0;
};

struct WireRecipe {
  char name[48] = {};  // for the sentence when it fails
  std::uint32_t width = 0, height = 0;
  std::int32_t quality = 0;
  std::uint8_t format = 0, fit = 0, enlarge = 0;
  std::uint8_t red = 0, green = 0, blue = 0;
};

struct WireInfo {
  std::uint32_t width = 0, height = 0, pages = 0;
  std::uint8_t format = 0, has_alpha = 0;
};

struct DecodeReply {
  std::uint32_t magic = kMagic;
  std::uint32_t rejection = 0;   // a RejectionReason, or 0: inspected
  std::uint32_t text_bytes = 0;  // of the rejection's sentence or the picture's note
  std::uint32_t print_bytes = 0;
  WireInfo info;
};

struct Part {
  WireInfo info;
  std::uint64_t bytes = 0;
};

WireRecipe to_wire(const Recipe& recipe);
Recipe from_wire(const WireRecipe& wire);
WireInfo to_wire(const ImageInfo& info);
// Nothing for numbers that no picture has.
std::optional<ImageInfo> from_wire(const WireInfo& wire, const Limits& limits);

enum class Transfer { done, closed, timed_out };

// All bytes of all pieces, or why not. Without a deadline these wait for ever, which the decoder does between
// requests.
Transfer send_all(int fd, std::span<iovec> pieces, std::optional<SteadyTime> deadline);
Transfer receive_all(int fd, void* into, std::size_t bytes, std::optional<SteadyTime> deadline);

}  // namespace medimirror::decoder_wire
