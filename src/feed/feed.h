// Role: an import file for a shop, made of what is published: products x pictures, checked against the system's limits.
// Place: the command export; reads one snapshot of the index, so that a sync may run meanwhile, and changes nothing there.
// Rule: what a system would refuse is left out and listed, never changed in silence. A product without a picture has no
// row (SQLite: no picture) and is counted.
// Failure: throws Error{disk}, and Error{index} where a record names bytes of which there is no record. The file and the
// list of problems are replaced whole or stay what they were.
// Limits: memory is that of product_pictures.h.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>

#include "feed/problem_list.h"
#include "feed/product_pictures.h"
#include "feed/systems.h"
#include "store/index.h"

namespace medimirror {

struct FeedOptions {
  FeedSystem system{};
  PictureSelection selection;
  bool with_names = false;
  bool replace_pictures = false;
  std::filesystem::path output;    // "-": stdout; not for SQLite
  std::filesystem::path problems;  // the list
};

struct FeedResult {
  std::uint64_t products = 0, pictures = 0;  // that stand in the file
  std::uint64_t products_without_picture = 0;
  std::uint64_t products_left_out = 0, pictures_left_out = 0;
  std::array<std::uint64_t, kFeedProblems> problems{};
};

FeedResult write_feed(const FeedOptions& options, const IndexReader& index);

}  // namespace medimirror
