#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"
#include "cli/commands.h"
#include "gallery/gallery.h"
#include "store/index.h"
#include "writer.h"

namespace medimirror {

ExitStatus report_gallery_command(const Config& config) {
  if (!std::filesystem::exists(config.store_dir / "index"))
    throw Error(ErrorKind::usage, fmt::format("there is no mirror in {} yet: `medimirror sync` makes it",
                                              config.root.native()));
  Index::Options index_options;
  index_options.read_only = true;
  const std::unique_ptr<Index> index = Index::open(config.store_dir / "index", index_options);
  GalleryOptions options;
  options.folder = config.reports_dir() / "gallery";
  options.media_folder = config.media_dir;
  options.refused_sample = [&](const AssetKey& key) {
    const std::filesystem::path sample = rejected_sample_path(config.store_dir / "rejected", key);
    return std::filesystem::exists(sample) ? sample.lexically_relative(config.root).native() : std::string();
  };
  const GalleryResult result = build_gallery(options, index->view());
  fmt::print("the gallery of {} media is in {}\n", format_count(result.media),
             (options.folder / "index.html").native());
  fmt::print("{} files written, {} removed, {} unchanged\n", format_count(result.files_written),
             format_count(result.files_removed), format_count(result.files_unchanged));
  return ExitStatus::done;
}

}  // namespace medimirror
