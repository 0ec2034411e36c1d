#include "upkeep/verify_lists.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "base/error.h"
#include "tree/manifest.h"
#include "upkeep/verify_files.h"

namespace medimirror {

namespace fs = std::filesystem;

namespace {

fs::path scratch_folder(const VerifyOptions& options) {
  const fs::path folder = options.store_folder / "tmp";
  make_folders(folder);
  return folder;
}

void add_published(LineSorter& sorter, const IndexView& view) {
  view.each_published([&](const AssetKey& key, const PublishedRecord& record) {
    std::string line =
        manifest_line({record.path, record.digest, record.bytes, record.mtime, key.media, key.format});
    line.pop_back();
    sorter.add(line);
    return true;
  });
}

// One list on disk, read beside the lines it should have.
class ListCheck {
 public:
  explicit ListCheck(const fs::path& path) : size_(0) {
    const auto info = look_at_file(path);
    if (!info || !S_ISREG(info->st_mode)) return;
    size_ = static_cast<std::uint64_t>(info->st_size);
    fd_ = open_file(path, O_RDONLY);
    lines_.emplace(fd_.get(), path);
  }

  bool exists() const { return lines_.has_value(); }

  void expect(std::string_view line) {
    ++number_;
    expected_bytes_ += line.size() + 1;
    if (!lines_ || first_difference_ != 0) return;
    std::string_view found;
    if (!lines_->next(found) || found != line) first_difference_ = number_;
  }

  std::string difference() const {
    if (!lines_) return number_ == 0 ? "" : "it is missing";
    if (first_difference_ != 0) return fmt::format("it differs from line {} on", first_difference_);
    if (size_ != expected_bytes_)
      return fmt::format("it has {} bytes and should have {}", size_, expected_bytes_);
    return "";
  }

 private:
  UniqueFd fd_;
  std::optional<LineReader> lines_;
  std::uint64_t size_, expected_bytes_ = 0, number_ = 0, first_difference_ = 0;
};

}  // namespace

ListComparison compare_lists(const VerifyOptions& options, const IndexView& view) {
  LineSorter sorter(scratch_folder(options));
  add_published(sorter, view);
  const auto expected = sorter.sorted();
  ListCheck manifest(options.media_folder / kManifestName), sums(options.media_folder / kSumsName);
  std::string_view line;
  while (expected->next(line)) {
    manifest.expect(line);
    const auto glance = glance_at_manifest_line(line);
    if (glance) sums.expect(fmt::format("{}  {}", glance->sha256, glance->path));
  }
  return {manifest.difference(), sums.difference()};
}

void rewrite_lists(const VerifyOptions& options, const IndexView& view) {
  LineSorter published(scratch_folder(options)), nothing(scratch_folder(options));
  add_published(published, view);
  const auto base = published.sorted(), changes = nothing.sorted();
  if (!merge_manifest(options.media_folder, *base, *changes, view.published_count()))
    throw Error(
        ErrorKind::index,
        "the index names one published path twice, or a path that cannot be; run `medimirror rebuild`",
        "write the manifest");
}

}  // namespace medimirror
