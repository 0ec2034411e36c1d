#include "base/unnamed_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/error.h"

namespace medimirror {

UniqueFd unnamed_file(const std::filesystem::path& folder) {
  UniqueFd fd(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd) return fd;
  // File systems without O_TMPFILE: a name that is taken away at once.
  std::string name = (folder / ".medimirror-XXXXXX").native();
  fd = UniqueFd(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd) throw_errno(errno, fmt::format("make a temporary file in {}", folder.native()));
  ::unlink(name.c_str());
  return fd;
}

}  // namespace medimirror
