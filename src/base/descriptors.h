// Role: how many files and sockets this process may have open (ulimit -n), and what share of them one of its parts takes.
// Threads: any. Failure: none; where the system does not say, nothing is held back.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <cstddef>

namespace medimirror {

// `wished`, or a part of what is allowed where that is less: one eighth, and at least one.
inline std::size_t affordable_descriptors(std::size_t wished) {
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wished;
  return std::clamp<std::size_t>(static_cast<std::size_t>(limit.rlim_cur) / 8, 1,
                                 std::max<std::size_t>(wished, 1));
}

}  // namespace medimirror
