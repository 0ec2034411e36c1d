#include "feed/problem_list.h"

#include <fmt/format.h>

#include "base/cells.h"

namespace medimirror {

namespace {

constexpr std::array<std::string_view, kFeedProblems> kNames = {
    "type_not_taken",   "extension_mismatch", "too_many_bytes",
    "too_many_pixels",  "side_too_long",      "side_too_short",
    "url_too_long",     "name_too_long",      "too_many_pictures",
    "no_code",          "repeated_code",      "no_name",
    "name_will_change", "name_ends_in_size",  "text_changed",
    "text_cut",         "formula_like_text",  "file_too_large"};

}  // namespace

std::string_view name_of(FeedProblem problem) {
  return kNames[static_cast<std::size_t>(problem)];
}

bool leaves_out(FeedProblem problem) {
  return problem < FeedProblem::name_will_change;
}

ProblemList::ProblemList(const std::filesystem::path& path) : file_(path) {
  file_.write(
      "\xEF\xBB\xBF"
      "code,product,media,path,problem,effect,detail\n");
}

void ProblemList::add(FeedProblem problem, const FeedProduct* product, const FeedPicture* picture,
                      std::string_view detail) {
  ++counts_[static_cast<std::size_t>(problem)];
  std::string row;
  CellRow cells(row, ',', Formulas::apostrophe);
  cells.add(product == nullptr ? std::string_view() : product->code);
  cells.add(product == nullptr ? std::string_view() : product->product.id);
  cells.add(picture == nullptr ? std::string() : fmt::format("{}", picture->media));
  cells.add(picture == nullptr ? std::string_view() : picture->file.path);
  cells.add(name_of(problem));
  cells.add(leaves_out(problem) ? "left_out" : "kept");
  cells.add(detail);
  cells.end();
  file_.write(row);
}

}  // namespace medimirror
