// Role: how a run ended and what listed for it, as closed lists: what is added to one must get its row, or the compiler
// names the place. Pure.
// Format: the words are a contract (README); add, never change.
#pragma once

#include <string_view>

#include "base/error.h"
#include "base/exit_status.h"

namespace medimirror {

enum class RunOutcome {
  done,
  partial,       // finished, but not all of it could be done
  failed,        // an error ended it
  interrupted,   // the user said stop
  safety_limit,  // more would have been removed than may be
  try_later,     // the service or a picture host is down or limits us
  dry_run,
  unknown,  // of an earlier run, whose report is lost
};

struct OutcomeRow {
  std::string_view word;      // in JSON
  std::string_view sentence;  // how the report for people begins; no final full stop
  ExitStatus exit_status;     // failed: unless the error has one of its own
};
OutcomeRow row_of(RunOutcome outcome);

RunOutcome outcome_of(ErrorKind kind);  // of a run that an error ended

// What a listing came by.
enum class ListedBy {
  not_reached,  // the run ended before
  nothing,      // it was not to be asked for
  stream,
  query,
};
std::string_view name_of(ListedBy listed_by);

// What the published tree is after the run.
enum class TreeState {
  unknown,    // the run ended before it could look
  as_before,  // the run ended before it published, or was not to
  held,       // at the tree of an earlier run, by `undo`
  begun,      // publishing broke off; the next run goes on
  published,
};
std::string_view name_of(TreeState state);

}  // namespace medimirror
