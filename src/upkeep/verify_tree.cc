#include "upkeep/verify_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>

#include "base/error.h"
#include "store/local_blob_store.h"
#include "tree/journal.h"
#include "upkeep/verify_lists.h"

namespace medimirror {

namespace fs = std::filesystem;

namespace {

constexpr nlink_t kNamesNearlyAll =
    60'000;  // ext4 ends at 65 000 names a file; from there on copies are made

std::uint64_t hash_of(std::string_view path) {
  return std::hash<std::string_view>{}(path);
}

bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// A bind mount of the same file system has the same device, and a link across it fails all the same.
std::optional<std::uint64_t> mount_of(const fs::path& path) {
  struct statx info {};
  if (::statx(AT_FDCWD, path.c_str(), 0, STATX_MNT_ID, &info) != 0 || (info.stx_mask & STATX_MNT_ID) == 0)
    return std::nullopt;
  return info.stx_mnt_id;
}

}  // namespace

TreeCheck::TreeCheck(const VerifyOptions& options, const IndexView& view, const FindingSink& found,
                     VerifyReport& report)
    : options_(options), view_(view), found_(found), report_(report) {}

void TreeCheck::check(const std::function<void(const Digest&, const std::string&)>& refer) {
  read_journal();
  view_.each_published([&](const AssetKey& key, const PublishedRecord& record) {
    ++report_.published;
    paths_.push_back(hash_of(record.path));
    const auto slash = record.path.find('/');
    if (slash == std::string::npos) {
      root_is_managed_ = true;
    } else if (managed_.empty() || !managed_.contains(record.path.substr(0, slash))) {
      managed_.insert(record.path.substr(0, slash));
    }
    refer(record.digest, record.path);
    check_published(key, record);
    return true;
  });
  judge_suspects();
  std::ranges::sort(paths_);
  check_extra();
  if (!unfinished_) check_lists();
}

void TreeCheck::say(FindingKind kind, const AssetKey& key, const PublishedRecord& record,
                    std::string detail) {
  found_({kind, record.path, std::move(detail), record.digest, key});
}

// A publish that was killed has touched the tree and not yet told the index: what it meant to do is no damage.
void TreeCheck::read_journal() {
  UnfinishedJournal journal(journal_file(options_.changes_file));
  unfinished_ = journal.found();
  if (!unfinished_) return;
  found_({FindingKind::publish_unfinished, options_.media_folder.native(),
          "run `medimirror sync`, which finishes it"});
  for (; journal.entry(); journal.advance()) {
    const JournalEntry& entry = *journal.entry();
    if (!entry.old_path.empty()) touched_[entry.old_path];
    if (!entry.now.path.empty()) {
      touched_[entry.now.path].insert(entry.now.digest);
      if (const auto before = view_.published(entry.key)) touched_[before->path].insert(before->digest);
    }
  }
}

void TreeCheck::check_published(const AssetKey& key, const PublishedRecord& record) {
  if (!view_.blob(record.digest))
    return say(FindingKind::published_without_blob, key, record,
               fmt::format("there is no record of {}", record.digest.hex()));
  check_link(key, record);
}

void TreeCheck::check_link(const AssetKey& key, const PublishedRecord& record) {
  const fs::path path = options_.media_folder / record.path;
  const auto file = look_at_file(path);
  if (!file) {
    if (!journal_explains(record, nullptr))
      say(FindingKind::published_missing, key, record, "there is no such file");
    return;
  }
  const auto blob = look_at_file(blob_path(options_.store_folder, record.digest));
  if (blob && is_same_file(*file, *blob)) {
    links_seen_ = true;
    return;
  }
  if (journal_explains(record, &*file)) return;
  if (!S_ISREG(file->st_mode))
    return say(FindingKind::published_replaced, key, record, "it is no regular file");
  // Against a blob that is not right itself nothing can be said; that one has its own finding.
  if (!blob || !S_ISREG(blob->st_mode) || static_cast<std::uint64_t>(blob->st_size) != record.bytes) return;
  if (file->st_size != blob->st_size)
    return say(FindingKind::published_replaced, key, record,
               fmt::format("it has {} bytes and should have {}", file->st_size, record.bytes));
  suspects_.push_back({{key, record.path, record.digest},
                       file->st_mtim.tv_sec == blob->st_mtim.tv_sec,
                       blob->st_nlink >= kNamesNearlyAll});
}

bool TreeCheck::journal_explains(const PublishedRecord& record, const struct stat* file) const {
  const auto touched = touched_.find(record.path);
  if (touched == touched_.end()) return false;
  if (file == nullptr) return true;
  return std::ranges::any_of(touched->second, [&](const Digest& digest) {
    const auto blob = look_at_file(blob_path(options_.store_folder, digest));
    return blob && is_same_file(*file, *blob);
  });
}

void TreeCheck::judge_suspects() {
  if (suspects_.empty()) return;
  const bool linking = links_seen_ || can_link();
  for (Suspect& suspect : suspects_) {
    PublishedCopy& file = suspect.file;
    if (linking && !suspect.full) {
      found_({FindingKind::published_replaced, file.path,
              "it is another file, or a copy, and no link to the kept picture", file.digest, file.key});
    } else if (!suspect.same_time) {
      found_({FindingKind::published_replaced, file.path, "its time is not that of the kept picture",
              file.digest, file.key});
    } else {
      copies_.push_back(std::move(file));
    }
  }
}

// Asked only when no published file is a link. The trial is made in the store's own scratch folder.
bool TreeCheck::can_link() const {
  const fs::path scratch = options_.store_folder / "tmp";
  const auto from = mount_of(blobs_folder(options_.store_folder)), to = mount_of(options_.media_folder);
  const auto blobs = look_at_file(blobs_folder(options_.store_folder)),
             media = look_at_file(options_.media_folder);
  if (!blobs || !media || blobs->st_dev != media->st_dev || from != to) return false;
  const fs::path trial = scratch / "verify-link";
  ::unlink(trial.c_str());
  const bool linked =
      ::link(blob_path(options_.store_folder, suspects_.front().file.digest).c_str(), trial.c_str()) == 0;
  ::unlink(trial.c_str());
  return linked;
}

// ---------------------------------------------------------------- what should not be there

void TreeCheck::check_extra() {
  const UniqueFd root(::open(options_.media_folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) {
    if (errno == ENOENT) return;
    throw_errno(errno, fmt::format("list {}", options_.media_folder.native()));
  }
  if (root_is_managed_) return walk_folder(root.get(), ".", "");
  for (const std::string& name : managed_) walk_folder(root.get(), name, name);
}

void TreeCheck::walk_folder(int parent, const std::string& name, const std::string& path) {
  UniqueFd fd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) {
    // gone, or no folder: then the files that should be in it are findings already
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return;
    throw_errno(errno, fmt::format("list {}", (options_.media_folder / path).native()));
  }
  struct Close {
    void operator()(DIR* open) const { ::closedir(open); }
  };
  const std::unique_ptr<DIR, Close> folder(::fdopendir(fd.get()));
  if (!folder) throw_errno(errno, fmt::format("list {}", (options_.media_folder / path).native()));
  fd.release();
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string child = entry->d_name;
    if (child != "." && child != "..")
      check_entry(::dirfd(folder.get()), child, path.empty() ? child : path + '/' + child, entry->d_type);
  }
}

void TreeCheck::check_entry(int folder, const std::string& name, const std::string& path,
                            unsigned char type) {
  if (type == DT_UNKNOWN) {
    struct stat info {};
    if (::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return;
    type = S_ISDIR(info.st_mode) ? DT_DIR : DT_REG;
  }
  const bool published = std::ranges::binary_search(paths_, hash_of(path));
  if (type == DT_DIR) {
    if (!published) walk_folder(folder, name, path);
    return;
  }
  if (published || touched_.contains(path)) return;
  if (path == kManifestName || path == kSumsName) return;
  if (name == kPlaceTemporaryName || (unfinished_ && name.starts_with(".") && name.ends_with(".tmp"))) {
    found_({FindingKind::leftover, path, "a publish was killed here"});
  } else {
    found_({FindingKind::extra_file, path, "nothing was published under this name"});
  }
}

void TreeCheck::check_lists() {
  const ListComparison compared = compare_lists(options_, view_);
  if (!compared.manifest.empty())
    found_({FindingKind::manifest_differs, std::string(kManifestName), compared.manifest});
  if (!compared.sums.empty()) found_({FindingKind::sums_differ, std::string(kSumsName), compared.sums});
}

}  // namespace medimirror
