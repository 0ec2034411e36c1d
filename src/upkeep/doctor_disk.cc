// The disk: what the store and the tree rely on, tried out in folders that are removed again.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/units.h"
#include "upkeep/doctor.h"

namespace medimirror {

namespace fs = std::filesystem;

namespace {

using Result = Check::Result;

// A folder to try things in, on the file system where `wanted` is or will be.
class TrialFolder {
 public:
  explicit TrialFolder(const fs::path& wanted) {
    fs::path there = fs::absolute(wanted);
    while (!fs::exists(there) && there != there.parent_path()) there = there.parent_path();
    std::string name = (there / ".medimirror-doctor-XXXXXX").native();
    if (::mkdtemp(name.data()) == nullptr)
      throw_errno(errno, fmt::format("make a folder in {}", there.native()));
    path_ = name;
  }
  ~TrialFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TrialFolder(const TrialFolder&) = delete;
  TrialFolder& operator=(const TrialFolder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// Nothing: no network file system, or one that is not known.
std::optional<std::string_view> network_file_system(const fs::path& folder) {
  struct statfs info {};
  if (::statfs(folder.c_str(), &info) != 0) return std::nullopt;
  switch (static_cast<std::uint32_t>(info.f_type)) {
    case 0x6969:
      return "NFS";
    case 0xFF534D42:
    case 0xFE534D42:
    case 0x517B:
      return "SMB";
    case 0x01021997:
      return "9p";
    case 0x65735546:
      return "FUSE";
    case 0x00C36400:
      return "Ceph";
    case 0x5346414F:
      return "AFS";
    default:
      return std::nullopt;
  }
}

class DiskDoctor {
 public:
  explicit DiskDoctor(const DiskDoctorOptions& options) : options_(options) {}

  std::vector<Check> examine() {
    examine_folder("store", options_.store_folder, store_);
    examine_folder("media/", options_.media_folder, media_);
    if (store_) examine_store();
    if (media_) examine_media();
    if (store_ && media_) examine_links();
    return std::move(checks_);
  }

 private:
  void say(Result result, std::string what, std::string sentence) {
    checks_.push_back({result, std::move(what), std::move(sentence)});
  }

  // Runs a trial that may throw; a failure becomes a bad check.
  bool attempt(const std::string& what, const std::string& remedy, const std::function<void()>& trial) {
    try {
      trial();
      return true;
    } catch (const Error& error) {
      say(Result::bad, what, fmt::format("{}; {}", error.what(), remedy));
      return false;
    }
  }

  void examine_folder(const std::string& name, const fs::path& folder, std::optional<TrialFolder>& trial) {
    const std::string what = fmt::format("writing to {}", name);
    const bool good =
        attempt(what, fmt::format("let this user write to {}, or set another folder", folder.native()), [&] {
          trial.emplace(folder);
          const fs::path file = trial->path() / "file";
          replace_file(file, "first");
          replace_file(file, "second");  // written, synced, renamed over the first, folder synced
          if (read_file(file) != "second")
            throw Error(ErrorKind::disk,
                        fmt::format("a renamed file in {} is not what was written", folder.native()));
        });
    if (!good) return;
    say(Result::good, what,
        fmt::format("files in {} are written, synced and replaced as they should", folder.native()));
    examine_space(name, trial->path());
  }

  void examine_space(const std::string& name, const fs::path& folder) {
    struct statvfs info {};
    if (::statvfs(folder.c_str(), &info) != 0) return;
    const std::uint64_t bytes = std::uint64_t{info.f_bavail} * info.f_frsize;
    const std::string what = fmt::format("space for {}", name);
    if (bytes < options_.reserve_bytes) {
      say(Result::bad, what,
          fmt::format(
              "only {} are free, and {} must stay free (publish.reserve): free some space or lower it",
              format_bytes(bytes), format_bytes(options_.reserve_bytes)));
    } else {
      say(Result::good, what, fmt::format("{} are free", format_bytes(bytes)));
    }
    constexpr std::uint64_t kFilesMin = 100'000;
    if (info.f_files > 0 &&
        info.f_favail < kFilesMin)  // no total: the file system makes inodes as they are needed
      say(info.f_favail < kFilesMin / 100 ? Result::bad : Result::warning, fmt::format("inodes for {}", name),
          fmt::format("only {} more files can be made there: a mirror has two names a picture; use a file "
                      "system with "
                      "more inodes",
                      format_count(info.f_favail)));
  }

  void examine_store() {
    if (const auto network = network_file_system(store_->path())) {
      say(Result::bad, "file system of the store",
          fmt::format(
              "it is {}: the index needs locks and mappings that only a local disk gives; set store_dir to a "
              "local disk (media/ may stay where it is)",
              *network));
      return;
    }
    const bool good =
        attempt("locks and mappings of the store", "put the store on a local disk (store_dir)", [&] {
          const fs::path path = store_->path() / "map";
          const UniqueFd fd = open_file(path, O_RDWR | O_CREAT);
          if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
            throw_errno(errno, fmt::format("lock {}", path.native()));
          constexpr std::size_t kBytes = 4096;
          if (::ftruncate(fd.get(), kBytes) != 0) throw_errno(errno, fmt::format("size {}", path.native()));
          void* map = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
          if (map == MAP_FAILED) throw_errno(errno, fmt::format("map {}", path.native()));
          std::memcpy(map, "mapped", 6);
          const int synced = ::msync(map, kBytes, MS_SYNC);
          ::munmap(map, kBytes);
          if (synced != 0) throw_errno(errno, fmt::format("sync {}", path.native()));
          if (!read_file(path).starts_with("mapped"))
            throw Error(ErrorKind::disk, "what is written through a mapping does not show in the file");
        });
    if (good) say(Result::good, "locks and mappings of the store", "the index can live there");
  }

  void examine_media() {
    const fs::path& folder = media_->path();
    if (const auto network = network_file_system(folder))
      say(Result::warning, "file system of media/",
          fmt::format("it is {}: it works, and each picture is a copy there, synced over the network",
                      *network));
    try {
      replace_file(folder / "case", "lower");
      const bool same = fs::exists(folder / "CASE");
      say(same ? Result::warning : Result::good, "upper and lower case in media/",
          same ? "names that differ in case only are one file there: keep {id} in the path template, which "
                 "tells them "
                 "apart"
               : "names that differ in case are different files");
      const std::string name(255, 'n');
      const UniqueFd fd(::open((folder / name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
      say(fd ? Result::good : Result::warning, "long names in media/",
          fd ? "names of 255 bytes can be made"
             : fmt::format("a name of 255 bytes cannot be made ({}): keep the path template short",
                           std::strerror(errno)));
    } catch (const Error& error) {
      say(Result::bad, "names in media/", error.what());
    }
  }

  void examine_links() {
    const fs::path from = store_->path() / "blob", to = media_->path() / "link";
    try {
      replace_file(from, "blob", 0444);
    } catch (const Error& error) {
      say(Result::bad, "hard links from the store to media/", error.what());
      return;
    }
    if (::link(from.c_str(), to.c_str()) == 0) {
      say(Result::good, "hard links from the store to media/", "a picture needs its space once");
      return;
    }
    say(Result::warning, "hard links from the store to media/",
        fmt::format(
            "they cannot be made ({}): every picture is kept twice; put store and media/ on one file system",
            std::strerror(errno)));
  }

  const DiskDoctorOptions& options_;
  std::optional<TrialFolder> store_, media_;
  std::vector<Check> checks_;
};

}  // namespace

std::string_view name_of(Check::Result result) {
  switch (result) {
    case Result::good:
      return "good";
    case Result::warning:
      return "warning";
    case Result::bad:
      return "bad";
  }
  return "";
}

std::vector<Check> examine_disk(const DiskDoctorOptions& options) {
  return DiskDoctor(options).examine();
}

}  // namespace medimirror
