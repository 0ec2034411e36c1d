// Role: how the decoder process gives up its rights, so that a picture that takes over a decoder gains
// nothing: it cannot open a file, reach the network, start a program, touch another process, or eat the
// machine.
// Place: called by decoder_child.cc: limit_process() first of all, forbid_system_calls() when everything that
// needs files (libraries, plugins, profiles) is loaded.
// Failure: throws Error{internal}. A process that cannot be confined does not decode.
// Limits: a sanitizer maps terabytes and reads /proc, so under one the memory limit and the filter are left
// out.
#pragma once

#include <cstdint>

namespace medimirror {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kConfinementIsWhole = false;
#else
constexpr bool kConfinementIsWhole = true;
#endif

void limit_process(std::uint64_t memory_bytes_max);

// From now on the allowed calls are those of computing: memory, threads, clocks, and bytes over what is
// already open. Asking for a file is answered with "permission denied", since libraries probe for files and
// live without them; anything else kills the process.
void forbid_system_calls();

// Lets the process use this much more CPU time, then kills it.
void allow_cpu_seconds(std::uint32_t seconds);

}  // namespace medimirror
