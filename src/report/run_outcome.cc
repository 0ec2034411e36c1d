#include "report/run_outcome.h"

namespace medimirror {

OutcomeRow row_of(RunOutcome outcome) {
  switch (outcome) {
    case RunOutcome::done:
      return {"done", "done", ExitStatus::done};
    case RunOutcome::partial:
      return {"partial", "finished, but not everything could be done", ExitStatus::some_failed};
    case RunOutcome::failed:
      return {"failed", "failed", ExitStatus::failed};
    case RunOutcome::interrupted:
      return {"interrupted", "interrupted", ExitStatus::interrupted};
    case RunOutcome::safety_limit:
      return {"safety_limit", "stopped by a safety limit; what it concerns stays as it was",
              ExitStatus::safety_limit};
    case RunOutcome::try_later:
      return {"try_later", "not finished", ExitStatus::try_later};
    case RunOutcome::dry_run:
      return {"dry_run", "dry run; nothing was fetched, published or removed", ExitStatus::done};
    case RunOutcome::unknown:
      return {"unknown", "the report of this run is lost", ExitStatus::done};
  }
  return {};
}

RunOutcome outcome_of(ErrorKind kind) {
  switch (exit_status_of(kind)) {
    case ExitStatus::interrupted:
      return RunOutcome::interrupted;
    case ExitStatus::safety_limit:
      return RunOutcome::safety_limit;
    case ExitStatus::try_later:
      return RunOutcome::try_later;
    case ExitStatus::done:
    case ExitStatus::failed:
    case ExitStatus::usage:
    case ExitStatus::some_failed:
    case ExitStatus::damage:
    case ExitStatus::locked:
      break;
  }
  return RunOutcome::failed;
}

std::string_view name_of(ListedBy listed_by) {
  switch (listed_by) {
    case ListedBy::not_reached:
      return "not_reached";
    case ListedBy::nothing:
      return "none";
    case ListedBy::stream:
      return "stream";
    case ListedBy::query:
      return "query";
  }
  return "";
}

std::string_view name_of(TreeState state) {
  switch (state) {
    case TreeState::unknown:
      return "unknown";
    case TreeState::as_before:
      return "as_before";
    case TreeState::held:
      return "held";
    case TreeState::begun:
      return "begun";
    case TreeState::published:
      return "published";
  }
  return "";
}

}  // namespace medimirror
