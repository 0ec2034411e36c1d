// Role: the site that lets a person look at the mirror: reports/gallery/, plain files that open from disk without a
// server and over HTTP.
// Place: takes a snapshot of the index from cli; the pictures stay where they are published, the pages refer to them.
// `serve` (file_server.h) shows it on loopback.
// Format: index.html and its scripts (assets/), and below data/: summary.js (totals, runs, lists of files), index.js
// (what search and filters need of every medium, as columns), cards-*.js, details-*.js, failed-<reason>-*.js,
// products-*.js, and search-*.js (what search needs of every product).
// Failure: throws Error{disk, index}.
// Limits: memory is a few dozen bytes a medium, and one data file; the newest 30 runs are shown.
// Not here: anything that changes the mirror. No time of building is written, so that a second build changes nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "store/index.h"

namespace medimirror {

struct GalleryOptions {
  std::filesystem::path folder;  // made when absent
  std::filesystem::path media_folder;
  // Where the first bytes of what was refused are kept, as people should read it; empty: there are none.
  std::function<std::string(const AssetKey&)> refused_sample;
  std::vector<std::string> reports;  // files of the folder above that the pages link to: "missing.csv", …
  // Rows in a data file, about. Small ones are for tests.
  std::size_t cards_per_file = 500, details_per_file = 250, failures_per_file = 500, products_per_file = 2000,
              searched_per_file = 10'000;
};

struct GalleryResult {
  std::uint64_t media = 0, products = 0;
  std::uint64_t files_written = 0, files_unchanged = 0, files_removed = 0;
};

GalleryResult build_gallery(const GalleryOptions& options, const IndexView& index);

// "../../media/": how the pages in `folder` name the published files, encoded for a URL.
std::string media_address(const std::filesystem::path& folder, const std::filesystem::path& media_folder);

}  // namespace medimirror
