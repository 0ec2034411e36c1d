#include "tree/view_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "base/ascii.h"

namespace medimirror {

namespace {

using Field = ViewPath::Field;

constexpr std::size_t kTemplateBytesMax = 512;
constexpr std::size_t kPathBytesMax = 900;  // with the view's name it stays below what layout allows

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

void append_description(std::string& path, std::string_view word) {
  if (word.empty()) word = "none";
  for (const char c : word) path += is_plain(lower(c)) ? lower(c) : '_';
}

// False: it has a character that no shop takes. What it stands for would be another thing without it.
bool append_identity(std::string& path, std::string_view value) {
  for (const char c : value) {
    if (!is_plain(lower(c))) return false;
    path += lower(c);
  }
  return !value.empty();
}

std::string shown(std::string_view value) {
  std::string text;
  for (const char c : value.substr(0, 60)) text += c >= ' ' && c <= '~' ? c : '?';
  return text;
}

// Why some shop would not take it; nothing when all do.
std::optional<ViewPath::Refused> refusal_of(std::string_view path) {
  for (std::string_view rest = path;;) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    if (part.size() > kShopNameBytesMax)
      return ViewPath::Refused{
          fmt::format("the name \"{}…\" would have {} bytes, and some shops take {} at most",
                      part.substr(0, 40), part.size(), kShopNameBytesMax)};
    if (part.front() == '.' || part.front() == '-')
      return ViewPath::Refused{fmt::format("the name \"{}\" would start with \"{}\"", part, part.front())};
    if (part.size() == rest.size()) break;
    rest.remove_prefix(part.size() + 1);
  }
  if (path.size() > kPathBytesMax)
    return ViewPath::Refused{
        fmt::format("the path would have {} bytes, and {} is the most", path.size(), kPathBytesMax)};
  return std::nullopt;
}

}  // namespace

std::variant<ViewPath, std::string> ViewPath::parse(std::string_view text) {
  static const TemplateGrammar<Field> grammar{{{"cnk", Field::cnk},
                                               {"ean", Field::ean},
                                               {"product", Field::product},
                                               {"n", Field::n},
                                               {"id", Field::id},
                                               {"kind", Field::kind},
                                               {"photo_type", Field::photo_type},
                                               {"locale", Field::locale},
                                               {"format", Field::format},
                                               {"sha256", Field::sha256},
                                               {"ext", Field::ext}},
                                              is_plain,
                                              "text between the fields may have lower-case letters, digits "
                                              "and . _ - only: some shops change or refuse other "
                                              "names",
                                              "{cnk}/{cnk}_{n}.{ext}",
                                              kTemplateBytesMax};
  ViewPath made;
  made.text_ = text;
  std::string problem = parse_template(text, grammar, made.pieces_);
  if (problem.empty()) problem = made.check();
  if (problem.empty()) return made;
  return fmt::format("\"{}\" cannot be used: {}", text.substr(0, 200), problem);
}

std::string ViewPath::check() const {
  for (std::size_t first = 0; first <= pieces_.size();) {
    std::size_t last = first, bytes = 0;
    while (last < pieces_.size() && pieces_[last].field != Field::slash)
      bytes += pieces_[last++].literal.size();
    if (first == last)
      return "it has an empty part; paths are relative, with one / between parts and none at the ends";
    if (bytes > kShopNameBytesMax)
      return fmt::format("a part between slashes has more than {} bytes, and some shops take no longer names",
                         kShopNameBytesMax);
    const std::string& start = pieces_[first].literal;
    if (!start.empty() && (start.front() == '.' || start.front() == '-'))
      return "no part may start with . or -, which mean hidden files, parent folders and options";
    first = last + 1;
  }
  const bool whole_id = std::ranges::any_of(
      pieces_, [](const Piece& piece) { return piece.field == Field::id && piece.divisor == 1; });
  if (!whole_id && !uses(Field::cnk) && !uses(Field::ean) && !uses(Field::product) && !uses(Field::sha256))
    return "it does not say whose picture it is; use {cnk}, {ean}, {product} or {id}";
  return {};
}

bool ViewPath::uses(Field field) const {
  return std::ranges::find(pieces_, field, &Piece::field) != pieces_.end();
}

bool ViewPath::is_of_products() const {
  return uses(Field::cnk) || uses(Field::ean) || uses(Field::product) || uses(Field::n);
}

bool ViewPath::tells_pictures_apart() const {
  return uses(Field::n) || uses(Field::id) || uses(Field::sha256);
}

std::variant<std::string, ViewPath::Refused> ViewPath::render(const ViewPathFields& fields) const {
  std::string path;
  const auto odd = [](std::string_view what, std::string_view value) {
    return Refused{
        fmt::format("{} \"{}\" has characters that some shops take in no file's name", what, shown(value))};
  };
  for (const Piece& piece : pieces_) {
    switch (piece.field) {
      case Field::literal:
      case Field::slash:
        path += piece.literal;
        break;
      case Field::cnk:
        if (!append_identity(path, fields.cnk)) return odd("the CNK", fields.cnk);
        break;
      case Field::ean:
        if (!append_identity(path, fields.ean)) return odd("the EAN", fields.ean);
        break;
      case Field::product:
        if (!append_identity(path, fields.product)) return odd("the product's id", fields.product);
        break;
      case Field::n:
        path += std::to_string(fields.n);
        break;
      case Field::id:
        path += std::to_string(fields.id / piece.divisor);
        break;
      case Field::kind:
        append_description(path, fields.kind);
        break;
      case Field::photo_type:
        append_description(path, fields.photo_type);
        break;
      case Field::locale:
        append_description(path, fields.locale);
        break;
      case Field::format:
        append_description(path, fields.format);
        break;
      case Field::sha256:
        assert(fields.digest != nullptr);
        path += fields.digest->hex();
        break;
      case Field::ext:
        path += extension_of(fields.image_format);
        break;
    }
  }
  if (auto refused = refusal_of(path)) return *std::move(refused);
  return path;
}

}  // namespace medimirror
