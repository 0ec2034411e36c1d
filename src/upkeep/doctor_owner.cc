// Whose the files of the mirror are: one that belongs to another user than the rest stops a later run.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/user.h"
#include "upkeep/doctor.h"

namespace medimirror {

namespace fs = std::filesystem;

namespace {

constexpr const char* kWhat = "owner of the mirror's files";

std::optional<uid_t> owner_of(const fs::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return std::nullopt;
  return info.st_uid;
}

// Who is to own all of it: whoever runs this, and where root only looks, the owner of the mirror's folder.
uid_t rightful_owner(const OwnerDoctorOptions& options) {
  if (options.user != 0) return options.user;
  const uid_t of_root = owner_of(options.root).value_or(0);
  return of_root != 0 ? of_root : owner_of(options.store_folder).value_or(0);
}

struct Strangers {
  std::uint64_t count = 0;
  fs::path first;
  uid_t owner = 0;
  std::vector<std::string> folders;  // those of the options that hold any
};

void look_into(const fs::path& folder, uid_t rightful, Strangers& strangers) {
  const std::uint64_t before = strangers.count;
  const auto look_at = [&](const fs::path& path) {
    const auto owner = owner_of(path);
    if (!owner || *owner == rightful) return;
    if (strangers.count++ == 0) {
      strangers.first = path;
      strangers.owner = *owner;
    }
  };
  look_at(folder);
  std::error_code ignored;
  for (fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, ignored),
       end;
       at != end; at.increment(ignored))
    look_at(at->path());
  if (strangers.count > before) strangers.folders.push_back(folder.native());
}

}  // namespace

std::vector<Check> examine_owner(const OwnerDoctorOptions& options) {
  const uid_t rightful = rightful_owner(options);
  Strangers strangers;
  for (const fs::path& folder : {options.store_folder, options.media_folder, options.reports_folder})
    if (owner_of(folder)) look_into(folder, rightful, strangers);
  const std::string user = user_name(rightful);
  if (strangers.count == 0)
    return {{Check::Result::good, kWhat, fmt::format("all of them belong to the user {}", user)}};
  return {{Check::Result::bad, kWhat,
           fmt::format(
               "{} files and folders belong to somebody else than {}, such as {} to {}: runs of {} cannot "
               "change them; if {} is to run the mirror: sudo chown -R {} {}",
               strangers.count, user, strangers.first.native(), user_name(strangers.owner), user, user, user,
               fmt::join(strangers.folders, " "))}};
}

}  // namespace medimirror
