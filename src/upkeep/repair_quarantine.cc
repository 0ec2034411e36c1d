#include "upkeep/repair_quarantine.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/file.h"
#include "upkeep/verify_files.h"

namespace medimirror {

namespace fs = std::filesystem;

namespace {

// Of folders too: rename moves them, and a copy across file systems is left to the file library.
void copy_durably(const fs::path& from, const fs::path& to) {
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  if (!fs::is_regular_file(to)) return;
  const UniqueFd fd = open_file(to, O_RDONLY);
  sync_file(fd.get(), to);
}

}  // namespace

fs::path Quarantine::free_name(const std::string& name) {
  fs::path path = folder_ / name;
  for (int number = 2; look_at_file(path); ++number) path = folder_ / fmt::format("{}.{}", name, number);
  make_folders(path.parent_path());
  for (fs::path folder = path.parent_path();; folder = folder.parent_path()) {
    touched_.insert(folder);
    if (folder == folder_) break;
  }
  touched_.insert(folder_.parent_path());
  return path;
}

fs::path Quarantine::take(const fs::path& path, const std::string& name) {
  if (!look_at_file(path)) return {};
  const fs::path to = free_name(name);
  touched_.insert(path.parent_path());
  if (::rename(path.c_str(), to.c_str()) == 0) return to;
  if (errno != EXDEV) throw_errno(errno, fmt::format("move {} to {}", path.native(), to.native()));
  copy_durably(path, to);
  fs::remove_all(path);
  return to;
}

void Quarantine::keep_copy(const fs::path& path, const std::string& name) {
  const fs::path to = free_name(name);
  if (::link(path.c_str(), to.c_str()) != 0) copy_durably(path, to);
}

void Quarantine::sync() {
  for (const fs::path& folder : touched_)
    if (look_at_file(folder)) sync_folder(folder);
  touched_.clear();
}

}  // namespace medimirror
