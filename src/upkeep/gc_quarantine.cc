#include "upkeep/gc_quarantine.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "base/error.h"
#include "base/file.h"
#include "upkeep/verify_files.h"

namespace medimirror {

namespace fs = std::filesystem;

namespace {

// Names of blobs are their digests, perhaps with a number behind.
bool is_set_aside_as(const fs::path& path, const Digest& digest) {
  return path.filename().native().starts_with(digest.hex());
}

}  // namespace

QuarantinedFiles find_old_quarantined(const fs::path& store, UnixSeconds kept_since,
                                      const std::function<bool(const Digest&)>& known) {
  QuarantinedFiles files;
  FileReader reader;
  std::error_code absent;
  for (fs::recursive_directory_iterator walk(store / "quarantine", absent), end; walk != end;
       walk.increment(absent)) {
    const auto info = look_at_file(walk->path());
    if (!info || S_ISDIR(info->st_mode) || info->st_ctime > kept_since) continue;
    if (S_ISREG(info->st_mode)) {
      const FileReader::Content content = reader.read(walk->path());
      const bool right =
          content.error != 0 || is_set_aside_as(walk->path(), content.digest) || known(content.digest);
      const auto held = right ? look_at_file(blob_path(store, content.digest)) : std::nullopt;
      const bool has_twin = held && reader.read(blob_path(store, content.digest)).digest == content.digest;
      if (right && (content.error != 0 || !has_twin)) {
        ++files.last_copies;
        continue;
      }
      files.bytes += static_cast<std::uint64_t>(info->st_size);
    }
    files.old.push_back(walk->path());
  }
  return files;
}

void remove_quarantined(const fs::path& store, const QuarantinedFiles& files) {
  for (const fs::path& path : files.old)
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
      throw_errno(errno, fmt::format("remove {}", path.native()));
  std::vector<fs::path> folders;
  std::error_code ignored;
  for (fs::recursive_directory_iterator walk(store / "quarantine", ignored), end; walk != end;
       walk.increment(ignored))
    if (walk->is_directory(ignored) && !walk->is_symlink(ignored)) folders.push_back(walk->path());
  std::ranges::sort(folders, std::greater());  // the inner ones first
  for (const fs::path& folder : folders) ::rmdir(folder.c_str());
}

}  // namespace medimirror
