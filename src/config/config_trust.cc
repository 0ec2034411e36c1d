#include "config/config_trust.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/user.h"

namespace medimirror {

namespace {

constexpr int kLinksMax = 40;  // as many as the kernel follows

std::string whole_path(const std::filesystem::path& path) {
  const std::filesystem::path whole = std::filesystem::absolute(path).lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path()).native();
}

void refuse(const std::filesystem::path& found, const std::filesystem::path& place,
            const std::string& stranger) {
  throw Error(ErrorKind::config,
              fmt::format("{0} was found and not read: {1} {2}, and what it says would be done in your name; "
                          "if you trust it, name it with --config {0}",
                          whole_path(found), whole_path(place), stranger),
              "find the configuration");
}

}  // namespace

std::optional<std::string> other_owner(const struct stat& info, uid_t user) {
  if (info.st_uid == user || info.st_uid == 0) return std::nullopt;
  return fmt::format("belongs to the user {}", user_name(info.st_uid));
}

std::optional<std::string> other_writer(const struct stat& info) {
  if ((info.st_mode & S_IWOTH) != 0) return "can be written by everybody on this machine";
  if ((info.st_mode & S_IWGRP) != 0) return "can be written by its group";
  return std::nullopt;
}

// The path stays as it was found: a relative one is opened in the folder that this process is in, whatever becomes of
// the names above it.
void refuse_if_others_write(const std::filesystem::path& found, uid_t user) {
  std::filesystem::path place = found;
  for (int links = 0; links <= kLinksMax; ++links) {
    const std::filesystem::path folder = place.has_parent_path() ? place.parent_path() : ".";
    struct stat info {};
    if (::stat(folder.c_str(), &info) == 0) {
      if (const auto stranger = other_owner(info, user)) refuse(found, folder, *stranger);
      if (const auto stranger = other_writer(info)) refuse(found, folder, *stranger);
    }
    if (::lstat(place.c_str(), &info) != 0) return;
    if (const auto stranger = other_owner(info, user)) refuse(found, place, *stranger);
    if (!S_ISLNK(info.st_mode)) {
      if (const auto stranger = other_writer(info)) refuse(found, place, *stranger);
      return;
    }
    place = folder / std::filesystem::read_symlink(place);
  }
}

}  // namespace medimirror
