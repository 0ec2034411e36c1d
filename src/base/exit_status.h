// Role: what the process tells the shell and cron. A contract: README and every help text show this table.
#pragma once

#include "base/error.h"

namespace medimirror {

enum class ExitStatus : int {
  done = 0,
  failed = 1,
  usage = 2,          // or config
  some_failed = 3,    // finished, some items failed
  damage = 4,         // verify found damage
  locked = 5,         // another run holds the store
  safety_limit = 6,   // stopped by a safety limit (too many deletions)
  try_later = 7,      // the service is down or limits us
  interrupted = 130,  // what was done is kept
};

constexpr ExitStatus exit_status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
    case ErrorKind::config:
      return ExitStatus::usage;
    case ErrorKind::locked:
      return ExitStatus::locked;
    case ErrorKind::safety_limit:
      return ExitStatus::safety_limit;
    case ErrorKind::unavailable:
      return ExitStatus::try_later;
    case ErrorKind::interrupted:
      return ExitStatus::interrupted;
    case ErrorKind::auth:
    case ErrorKind::network:
    case ErrorKind::disk:
    case ErrorKind::index:
    case ErrorKind::internal:
      return ExitStatus::failed;
  }
  return ExitStatus::failed;
}

}  // namespace medimirror
