#include "base/error.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/user.h"

namespace medimirror {

void throw_errno(int error_number, std::string_view operation) {
  std::string reason = std::generic_category().message(error_number);
  std::string_view advice;
  if (error_number == ENOSPC) advice = "; free some space and run again, what is done is kept";
  if (error_number == EDQUOT) advice = "; raise the quota and run again, what is done is kept";
  if (error_number == EROFS) advice = "; the file system is mounted read-only";
  if (error_number == EMFILE || error_number == ENFILE)
    advice = "; raise the limit of open files (ulimit -n)";
  if (error_number == EAGAIN)
    advice = "; raise the limit of threads (ulimit -u), or free some memory, and run again";
  std::string who;
  if (error_number == EACCES || error_number == EPERM)
    who = fmt::format(
        "; this runs as the user {}: `medimirror doctor` tells what belongs to somebody else, and what "
        "mends it",
        user_name(::geteuid()));
  throw Error(ErrorKind::disk, fmt::format("cannot {}: {}{}{}", operation, reason, advice, who),
              std::string(operation));
}

}  // namespace medimirror
