#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "config/arguments.h"

namespace medimirror {

namespace {

std::filesystem::path absolute_argument(std::string_view name, const std::string& text) {
  return std::filesystem::absolute(path_argument(name, text)).lexically_normal();
}

void print_next(const std::filesystem::path& file, const Config& start) {
  fmt::print("wrote {}\n", file.native());
  if (start.contact.empty())
    fmt::print("set contact in it: an e-mail address or a web page, which the image requests name\n");
  if (start.api.key_id.empty()) fmt::print("set key_id in its section [api]: the number of your API key\n");
  if (start.api.secret_file.empty())
    fmt::print(
        "put the key's secret, and nothing else, into a file that only the user who syncs can read (chmod "
        "600), "
        "and\nset secret_file in [api] to that file; or give it in MEDIMIRROR_API_SECRET\n");
  else
    fmt::print("put the key's secret, and nothing else, into {}, which only the user who syncs can read\n",
               start.api.secret_file.native());
  fmt::print(
      "then, as the user who is to own the pictures:\n"
      "  medimirror --config {0} config check\n"
      "  medimirror --config {0} sync\n",
      file.native());
}

}  // namespace

ExitStatus init_command(const InitWords& words) {
  const std::filesystem::path file = path_argument("FILE", words.file);
  if (std::filesystem::is_directory(file))
    throw Error(ErrorKind::usage,
                fmt::format("{0} is a folder: name a file in it, such as {0}/medimirror.toml",
                            file.lexically_normal().native()));
  if (std::filesystem::exists(file))
    throw Error(ErrorKind::usage,
                fmt::format("{} is there already and is not overwritten; name another file", file.native()));
  Config start;
  if (!words.root.empty()) start.root = absolute_argument("--root", words.root);
  start.contact = words.contact;
  start.api.key_id = words.key_id;
  if (!words.secret_file.empty())
    start.api.secret_file = absolute_argument("--secret-file", words.secret_file);
  if (file.has_parent_path()) make_folders(file.parent_path());
  replace_file(file, default_config_text(start));
  print_next(file, start);
  return ExitStatus::done;
}

}  // namespace medimirror
