// The settings of the sections that may stand several times: [[derivative]] and [[view]].
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/config_rows.h"
#include "config/suggestion.h"
#include "store/view_number.h"

namespace medimirror {

namespace {

using enum Shown;

// Folder, file and cache names all over the world stay safe with these.
Problem check_derivative_name(const std::string& name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (name.empty() || name.size() > 40 || !std::ranges::all_of(name, is_plain) || name.front() == '-')
    return fmt::format("must be a word of at most 40 letters, digits, \"_\" and \"-\", not \"{}\"", name);
  if (std::ranges::find(known_formats(), name) != known_formats().end())
    return fmt::format("is \"{}\", which is a format of the service; choose another name", name);
  return std::nullopt;
}

std::vector<Setting<Recipe>> make_derivative_settings() {
  std::vector<Setting<Recipe>> settings;
  Rows<Recipe> rows("derivative", settings);
  rows.add(
      "name", yes, "Stands for {format} in the path.", text_kind(check_derivative_name),
      [](auto& r) -> auto& { return r.name; });
  rows.add(
      "width", yes, "Pixels.", whole_kind<std::uint32_t>(1, 16'383),
      [](auto& r) -> auto& { return r.width; });
  rows.add(
      "height", yes, "Pixels.", whole_kind<std::uint32_t>(1, 16'383),
      [](auto& r) -> auto& { return r.height; });
  rows.add(
      "format", yes, "jpeg, png, webp or avif.",
      choice_kind<ImageFormat>({{"jpeg", ImageFormat::jpeg},
                                {"png", ImageFormat::png},
                                {"webp", ImageFormat::webp},
                                {"avif", ImageFormat::avif},
                                {"jpg", ImageFormat::jpeg}}),
      [](auto& r) -> auto& { return r.format; });
  rows.add(
      "quality", commented, "1 to 100.", whole_kind<int>(1, 100), [](auto& r) -> auto& { return r.quality; });
  rows.add(
      "fit", commented, "\"inside\" the box, \"cover\" it and crop, or \"pad\" to its full size.",
      choice_kind<Fit>({{"inside", Fit::inside}, {"cover", Fit::cover}, {"pad", Fit::pad}}),
      [](auto& r) -> auto& { return r.fit; });
  rows.add(
      "background", commented, "What pads, and what transparency is put on where the format has none.",
      colour_kind(), [](auto& r) -> auto& { return r.background; });
  rows.add(
      "enlarge", commented, "Whether a smaller picture is made larger.", flag_kind(),
      [](auto& r) -> auto& { return r.enlarge; });
  return settings;
}

// A folder of media/, and the start of every path below it.
Problem check_view_name(const std::string& name) {
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const bool is_word = !name.empty() && name.size() <= kViewNameBytesMax && is_plain(name.front()) &&
                       std::ranges::all_of(name, [&](char c) { return is_plain(c) || c == '_' || c == '-'; });
  if (!is_word)
    return fmt::format("must be a word of at most {} lower-case letters, digits, \"_\" and \"-\", not \"{}\"",
                       kViewNameBytesMax, name);
  return std::nullopt;
}

Problem check_view_path(const std::string& text) {
  const auto parsed = ViewPath::parse(text);
  if (const auto* problem = std::get_if<std::string>(&parsed)) return *problem;
  return std::nullopt;
}

Problem check_pick(const std::vector<std::string>& pick) {
  static const std::vector<std::string_view> known = {"frontal",     "photo",    "packshot",
                                                      "productshot", "pillshot", "lifestyle_image"};
  for (const std::string& word : pick) {
    if (std::ranges::find(known, word) == known.end())
      return fmt::format("takes kinds and photo types ({}), not \"{}\"{}", fmt::join(known, ", "), word,
                         did_you_mean(word, known));
    if (std::ranges::count(pick, word) > 1) return fmt::format("names \"{}\" twice", word);
  }
  return std::nullopt;
}

std::vector<Setting<ViewSettings>> make_view_settings() {
  std::vector<Setting<ViewSettings>> settings;
  Rows<ViewSettings> rows("view", settings);
  rows.add(
      "name", yes, "Its folder in media/.", text_kind(check_view_name),
      [](auto& v) -> auto& { return v.name; });
  rows.add(
      "path", yes,
      "Path of a file in it: {cnk} {ean} {product} {n} {id} {kind} {photo_type} {locale} {format} {sha256} "
      "{ext}.",
      text_kind(check_view_path), [](auto& v) -> auto& { return v.path; });
  rows.add(
      "derivative", commented, "Which [[derivative]] it shows; without it, the pictures themselves.",
      text_kind({}), [](auto& v) -> auto& { return v.derivative; });
  rows.add(
      "format", commented, "Of which of select.formats; without it, the first.", text_kind({}),
      [](auto& v) -> auto& { return v.format; });
  rows.add(
      "pick", commented, "Kinds and photo types, the most wanted first; empty: all, frontals first.",
      list_kind(check_pick), [](auto& v) -> auto& { return v.pick; });
  rows.add(
      "max_per_product", commented, "Pictures of a product at most; 0: all.",
      whole_kind<std::size_t>(0, 1'000'000), [](auto& v) -> auto& { return v.max_per_product; });
  rows.add(
      "near_duplicates", commented, "\"keep\" all, \"hide\" the lesser one, or \"report\" them.",
      choice_kind<View::NearDuplicates>({{"keep", View::NearDuplicates::keep},
                                         {"hide", View::NearDuplicates::hide},
                                         {"report", View::NearDuplicates::report}}),
      [](auto& v) -> auto& { return v.near_duplicates; });
  return settings;
}

}  // namespace

const std::vector<Setting<Recipe>>& derivative_settings() {
  static const std::vector<Setting<Recipe>> settings = make_derivative_settings();
  return settings;
}

const std::vector<Setting<ViewSettings>>& view_settings() {
  static const std::vector<Setting<ViewSettings>> settings = make_view_settings();
  return settings;
}

}  // namespace medimirror
