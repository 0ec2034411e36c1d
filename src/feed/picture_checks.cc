#include "feed/picture_checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"

namespace medimirror {

namespace {

std::string_view file_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

bool is_extension_right(std::string_view name, ImageFormat format) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  std::string extension(name.substr(dot + 1));
  for (char& c : extension)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return parse_image_format(extension) == format;
}

std::string list_of(const std::vector<ImageFormat>& formats) {
  std::string list;
  for (const ImageFormat format : formats) {
    if (!list.empty()) list += ", ";
    list += name_of(format);
  }
  return list;
}

bool ends_in_size(std::string_view name) {
  const std::string_view stem = name.substr(0, name.rfind('.'));
  return std::ranges::any_of(std::initializer_list<std::string_view>{"_thumb", "_small", "_medium"},
                             [&](std::string_view end) { return stem.ends_with(end); });
}

bool is_lower_case_name(std::string_view name) {
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

class Check {
 public:
  Check(const FeedPicture& picture, const FeedRules& rules)
      : picture_(picture), rules_(rules), name_(file_name(picture.file.path)) {}

  std::vector<PictureFinding> run() && {
    check_type();
    check_size();
    check_name();
    return std::move(found_);
  }

 private:
  template <typename... Parts>
  void find(FeedProblem problem, fmt::format_string<Parts...> text, Parts&&... parts) {
    found_.push_back({problem, fmt::format(text, std::forward<Parts>(parts)...)});
  }

  void check_type() {
    const ImageFormat format = picture_.info.format;
    if (!rules_.formats.empty() && std::ranges::find(rules_.formats, format) == rules_.formats.end())
      find(FeedProblem::type_not_taken, "{} takes {}, and this is {}", rules_.title, list_of(rules_.formats),
           name_of(format));
    else if (rules_.is_shop && !is_extension_right(name_, format))
      find(FeedProblem::extension_mismatch, "the name does not end in .{}, and the picture is {}",
           extension_of(format), name_of(format));
  }

  void check_size() {
    const ImageInfo& info = picture_.info;
    const std::uint64_t pixels = std::uint64_t{info.width} * info.height;
    if (rules_.bytes_max != 0 && picture_.file.bytes > rules_.bytes_max)
      find(FeedProblem::too_many_bytes, "{} has {}, and {} takes {}", name_,
           format_bytes(picture_.file.bytes), rules_.title, format_bytes(rules_.bytes_max));
    if (rules_.pixels_max != 0 && pixels > rules_.pixels_max)
      find(FeedProblem::too_many_pixels, "{}x{} are more than {} pixels", info.width, info.height,
           format_count(rules_.pixels_max));
    if (rules_.side_max != 0 && std::max(info.width, info.height) > rules_.side_max)
      find(FeedProblem::side_too_long, "{}x{}: no side may have more than {} pixels", info.width, info.height,
           rules_.side_max);
    if (rules_.side_min != 0 && std::min(info.width, info.height) < rules_.side_min)
      find(FeedProblem::side_too_short, "{}x{}: each side needs {} pixels", info.width, info.height,
           rules_.side_min);
  }

  void check_name() {
    if (rules_.url_bytes_max != 0 && picture_.url.size() > rules_.url_bytes_max)
      find(FeedProblem::url_too_long, "the URL has {} characters, and {} takes {}", picture_.url.size(),
           rules_.title, rules_.url_bytes_max);
    if (rules_.name_bytes_max != 0 && name_.size() > rules_.name_bytes_max)
      find(FeedProblem::name_too_long, "the name has {} characters, and {} takes {}", name_.size(),
           rules_.title, rules_.name_bytes_max);
    if (rules_.lower_case_names && !is_lower_case_name(name_))
      find(FeedProblem::name_will_change,
           "{} keeps small letters, digits, - and _ in names, and changes the rest of {}", rules_.title,
           name_);
    if (rules_.size_suffixes && ends_in_size(name_))
      find(FeedProblem::name_ends_in_size, "{} takes the end of {} for a size of another picture",
           rules_.title, name_);
  }

  const FeedPicture& picture_;
  const FeedRules& rules_;
  std::string_view name_;
  std::vector<PictureFinding> found_;
};

}  // namespace

std::vector<PictureFinding> check_picture(const FeedPicture& picture, const FeedRules& rules) {
  return Check(picture, rules).run();
}

}  // namespace medimirror
