#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/open_mirror.h"
#include "gallery/gallery.h"
#include "run/writer.h"
#include "shop/duplicate_files.h"
#include "store/store_lock.h"

namespace medimirror {

namespace {

std::unique_ptr<Index> open_index(const Config& config) {
  refuse_root_where_others_own(config.reports_dir());
  return open_mirror(config);
}

}  // namespace

ExitStatus report_gallery_command(const Config& config) {
  const std::unique_ptr<Index> index = open_index(config);
  GalleryOptions options;
  options.folder = config.reports_dir() / "gallery";
  options.media_folder = config.media_dir;
  options.refused_sample = [&](const AssetKey& key) {
    const std::filesystem::path sample = rejected_sample_path(config.store_dir / "rejected", key);
    return std::filesystem::exists(sample) ? sample.lexically_relative(config.root).native() : std::string();
  };
  for (const char* name :
       {"missing.csv", "missing.xlsx", "missing.json", "duplicates.csv", "duplicates.json"})
    if (std::filesystem::exists(config.reports_dir() / name)) options.reports.emplace_back(name);
  const GalleryResult result = build_gallery(options, index->view());
  fmt::print("the gallery of {} media is in {}\n", format_count(result.media),
             (options.folder / "index.html").native());
  fmt::print("{} files written, {} removed, {} unchanged\n", format_count(result.files_written),
             format_count(result.files_removed), format_count(result.files_unchanged));
  return ExitStatus::done;
}

ExitStatus report_duplicates_command(const Config& config) {
  const std::unique_ptr<Index> index = open_index(config);
  const Duplicates found = find_duplicates(index->view());
  write_duplicate_files(config.reports_dir(), found);
  std::uint64_t looks = 0, pictures = 0, same_bytes = 0, within_products = 0, placeholders = 0;
  for (const Look& look : found.looks) {
    if (look.pictures.size() > 1) ++looks, pictures += look.pictures.size();
    for (const AlikePicture& picture : look.pictures) same_bytes += picture.likeness == Likeness::same_bytes;
    within_products += look.within_products.size();
    placeholders += look.is_placeholder;
  }
  fmt::print(
      "{} files compared: {} looks are there more than once, in {} pictures ({} with the same bytes)\n",
      format_count(found.compared), format_count(looks), format_count(pictures), format_count(same_bytes));
  fmt::print("{} times within one product; {} probable placeholders\n", format_count(within_products),
             format_count(placeholders));
  if (found.without_print > 0)
    fmt::print(
        "{} files were never decoded (validate = \"header\", or a rebuilt index): of these only the bytes "
        "were compared\n",
        format_count(found.without_print));
  fmt::print("{} and .json\n", (config.reports_dir() / "duplicates.csv").native());
  return ExitStatus::done;
}

}  // namespace medimirror
