// Role: the one exception of the program: a failure of the *run* (not of an item).
// Place: thrown by any room, caught at a thread's top, turned into one sentence and an exit status by
// main.cc.
// Not here: failures of an item; those are values (FetchOutcome, Rejection) and end up in a record and the
// report.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace medimirror {

enum class ErrorKind {
  usage,         // a command line that cannot be meant
  config,        // a setting that is missing or wrong
  auth,          // the service refuses the key
  network,       // the service cannot be reached or talks nonsense
  unavailable,   // the service is down or limits us: try later
  disk,          // full, read-only, failing
  index,         // the LMDB index is damaged or of an unknown version
  locked,        // another run holds the store
  safety_limit,  // the run would do more than it was allowed to (deletions)
  interrupted,   // the user said stop
  internal,      // a bug, reported as such
};

// `what()` is a sentence for people that says what to do, without a final full stop.
// `operation` says what was being done ("open the index"), for the log.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, std::string sentence, std::string operation = {})
      : std::runtime_error(std::move(sentence)), kind_(kind), operation_(std::move(operation)) {}

  ErrorKind kind() const { return kind_; }
  const std::string& operation() const { return operation_; }

 private:
  ErrorKind kind_;
  std::string operation_;
};

// A failed system call as an Error of kind disk: "cannot <operation>: No space left on device".
// Full disks and quotas get the sentence that says what to do.
[[noreturn]] void throw_errno(int error_number, std::string_view operation);

}  // namespace medimirror
