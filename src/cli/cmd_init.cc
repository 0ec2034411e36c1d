#include <fcntl.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"

namespace medimirror {

ExitStatus init_command(const std::filesystem::path& path, const std::string& root,
                        const std::string& contact) {
  if (std::filesystem::exists(path))
    throw Error(ErrorKind::usage,
                fmt::format("{} is there already and is not overwritten; name another file", path.native()));
  Config start;
  if (!root.empty()) start.root = std::filesystem::absolute(root);
  start.contact = contact;
  replace_file(path, default_config_text(start));
  fmt::print(
      "wrote {}\n"
      "next: set contact and api.key_id in it, put the API secret into a file that only you can read\n"
      "(api.secret_file) or into MEDIMIRROR_API_SECRET, then run\n"
      "  medimirror --config {} config check\n"
      "  medimirror --config {} sync\n",
      path.native(), path.native(), path.native());
  return ExitStatus::done;
}

}  // namespace medimirror
