// Role: what an import file had to leave out, and what it holds that a system may not like: export-<system>-problems.csv,
// and the counts of each kind.
// Format: the columns and the names of kinds are a contract: add, never change. UTF-8 with a byte order mark; the order
// is that of the import file. Always written, so that an old list never stands beside a new file.
// Failure: throws Error{disk}. Not committed means not published.
// Limits: rows go to disk as they come.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/file.h"
#include "feed/product_pictures.h"

namespace medimirror {

enum class FeedProblem : std::uint8_t {
  // the picture is left out
  type_not_taken,
  extension_mismatch,
  too_many_bytes,
  too_many_pixels,
  side_too_long,
  side_too_short,
  url_too_long,
  name_too_long,
  too_many_pictures,
  // the product is left out, with its pictures
  no_code,
  repeated_code,
  no_name,
  // it stands in the file
  name_will_change,
  name_ends_in_size,
  text_changed,
  text_cut,
  formula_like_text,
  file_too_large,
};
constexpr std::size_t kFeedProblems = 18;

std::string_view name_of(FeedProblem problem);
bool leaves_out(FeedProblem problem);

class ProblemList {
 public:
  explicit ProblemList(const std::filesystem::path& path);

  // `picture`: null when it is the product, or the file, that has the problem.
  void add(FeedProblem problem, const FeedProduct* product, const FeedPicture* picture,
           std::string_view detail);
  std::uint64_t count(FeedProblem problem) const { return counts_[static_cast<std::size_t>(problem)]; }
  void commit() { file_.commit(); }

 private:
  AtomicFile file_;
  std::array<std::uint64_t, kFeedProblems> counts_{};
};

}  // namespace medimirror
