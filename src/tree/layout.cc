#include "tree/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/ascii.h"

namespace medimirror {

namespace {

constexpr std::size_t kPathBytesMax = 1024;
constexpr std::size_t kPartBytesMax = 255;
// Longer than any name the service uses; it lets parse() know the longest path, so that render() never has to
// cut.
constexpr std::size_t kValueBytesMax = 40;
constexpr std::size_t kNumberBytesMax = 20;
constexpr std::size_t kExtensionBytesMax = 4;
constexpr std::size_t kDigestBytes = 64;

bool is_plain(char c) {
  return is_alpha(c) || is_digit(c) || c == '.' || c == '_' || c == '-';
}

bool is_literal(char c) {
  return is_plain(c) || c == '+' || c == '@' || c == '=' || c == ',';
}

void append_value(std::string& path, std::string_view value) {
  if (value.empty()) value = "none";
  for (const char c : value.substr(0, kValueBytesMax)) path += is_plain(c) ? c : '_';
}

}  // namespace

bool is_taken_name(std::string_view first_part) {
  return first_part == "manifest.jsonl" || first_part == "SHA256SUMS";
}

const TemplateGrammar<PathTemplate::Field>& PathTemplate::grammar() {
  static const TemplateGrammar<Field> grammar{{{"id", Field::id},
                                               {"format", Field::format},
                                               {"source_format", Field::source_format},
                                               {"ext", Field::ext},
                                               {"kind", Field::kind},
                                               {"photo_type", Field::photo_type},
                                               {"locale", Field::locale},
                                               {"sha256", Field::sha256}},
                                              is_literal,
                                              "text between the fields may have letters, digits and . _ - + "
                                              "@ = , only; other characters upset rsync lists, "
                                              "checksum files or web servers",
                                              "{format}/{id/1000}/{id}.{ext}, the default",
                                              kPathBytesMax};
  return grammar;
}

std::variant<PathTemplate, std::string> PathTemplate::parse(std::string_view text) {
  PathTemplate made;
  made.text_ = text;
  std::string problem = parse_template(text, grammar(), made.pieces_);
  if (problem.empty()) problem = made.check();
  if (problem.empty()) return made;
  return fmt::format("the path template \"{}\" cannot be used: {}", text.substr(0, 200), problem);
}

std::size_t PathTemplate::longest(const Piece& piece) {
  switch (piece.field) {
    case Field::literal:
    case Field::slash:
      return piece.literal.size();
    case Field::id:
      return kNumberBytesMax;
    case Field::ext:
      return kExtensionBytesMax;
    case Field::sha256:
      return kDigestBytes;
    default:
      return kValueBytesMax;
  }
}

// True where the part [first, last) tells any two ids apart, whatever the other fields hold. The whole id
// must be set off by text that is no digit, and stand before everything that varies (read it from the left),
// or with nothing but text and the extension after it (read it from the right: no extension is the end of
// another).
bool PathTemplate::identifies(const std::vector<Piece>& pieces, std::size_t first, std::size_t last) {
  for (std::size_t at = first; at < last; ++at) {
    if (pieces[at].field != Field::id || pieces[at].divisor != 1) continue;
    const bool free_before =
        at == first || (pieces[at - 1].field == Field::literal && !is_digit(pieces[at - 1].literal.back()));
    const bool free_after = at + 1 == last || (pieces[at + 1].field == Field::literal &&
                                               !is_digit(pieces[at + 1].literal.front()));
    if (!free_before || !free_after) continue;
    const bool leads = at == first || at == first + 1;
    const bool trails = std::all_of(
        pieces.begin() + static_cast<std::ptrdiff_t>(at) + 1,
        pieces.begin() + static_cast<std::ptrdiff_t>(last),
        [](const Piece& piece) { return piece.field == Field::literal || piece.field == Field::ext; });
    if (leads || trails) return true;
  }
  return false;
}

std::string PathTemplate::check_part(std::size_t first, std::size_t last) const {
  if (first == last)
    return "it has an empty part; paths are relative, with one / between parts and none at the ends";
  std::size_t bytes = 0;
  for (std::size_t at = first; at < last; ++at) bytes += longest(pieces_[at]);
  if (bytes > kPartBytesMax)
    return fmt::format("a part between slashes could get {} bytes long, and file systems allow {}", bytes,
                       kPartBytesMax);
  if (pieces_[first].field != Field::literal) return {};
  const std::string& start = pieces_[first].literal;
  if (start.front() == '.' || start.front() == '-')
    return "no part may start with . or -, which mean hidden files, parent folders and options";
  if (first == 0 && last == 1 && is_taken_name(start))
    return fmt::format("{} is a file of the tree's own", start);
  return {};
}

std::string PathTemplate::check() const {
  std::size_t bytes = 0;
  bool identified = false;
  for (std::size_t first = 0; first <= pieces_.size();) {
    std::size_t last = first;
    while (last < pieces_.size() && pieces_[last].field != Field::slash) bytes += longest(pieces_[last++]);
    const std::string problem = check_part(first, last);
    if (!problem.empty()) return problem;
    identified = identified || identifies(pieces_, first, last);
    ++bytes;
    first = last + 1;
  }
  if (bytes > kPathBytesMax) return fmt::format("a path could get longer than {} bytes", kPathBytesMax);
  if (!identified)
    return "two pictures could get the same path; use {id}, whole, at the start of a part or at its end "
           "before the "
           "extension, with no digit or other field touching it";
  return {};
}

void PathTemplate::append(std::string& path, const Piece& piece, const PathFields& fields) {
  switch (piece.field) {
    case Field::literal:
    case Field::slash:
      path += piece.literal;
      return;
    case Field::id:
      fmt::format_to(std::back_inserter(path), "{}", fields.id / piece.divisor);
      return;
    case Field::format:
      append_value(path, fields.format);
      return;
    case Field::source_format:
      append_value(path, fields.source_format);
      return;
    case Field::ext:
      path += extension_of(fields.image_format);
      return;
    case Field::kind:
      append_value(path, fields.kind);
      return;
    case Field::photo_type:
      append_value(path, fields.photo_type);
      return;
    case Field::locale:
      append_value(path, fields.locale);
      return;
    case Field::sha256:
      assert(fields.digest != nullptr);
      path += fields.digest->hex();
      return;
  }
}

std::string PathTemplate::render(const PathFields& fields) const {
  std::string path;
  std::size_t part = 0;
  for (const Piece& piece : pieces_) {
    append(path, piece, fields);
    // Text at the start of a part was checked by parse(); only a value of the service can still bring these.
    if (path.size() > part && (path[part] == '.' || path[part] == '-')) path[part] = '_';
    if (piece.field == Field::slash) part = path.size();
  }
  if (is_taken_name(std::string_view(path).substr(0, path.find('/')))) path.insert(0, 1, '_');
  assert(path.size() <= kPathBytesMax);
  return path;
}

bool PathTemplate::uses(std::string_view field) const {
  return std::ranges::any_of(grammar().fields, [&](const auto& known) {
    return known.first == field && std::ranges::find(pieces_, known.second, &Piece::field) != pieces_.end();
  });
}

bool PathTemplate::may_start_with(std::string_view folder, const std::vector<std::string>& formats) const {
  return may_be(0, folder, formats);
}

// Whether the pieces from `piece` to the end of its part can be rendered as `rest`.
bool PathTemplate::may_be(std::size_t piece, std::string_view rest,
                          const std::vector<std::string>& formats) const {
  if (piece == pieces_.size() || pieces_[piece].field == Field::slash) return rest.empty();
  const auto goes_on_after = [&](std::size_t bytes) {
    return may_be(piece + 1, rest.substr(bytes), formats);
  };
  if (pieces_[piece].field == Field::literal)
    return rest.starts_with(pieces_[piece].literal) && goes_on_after(pieces_[piece].literal.size());
  if (pieces_[piece].field == Field::format)
    return std::ranges::any_of(formats, [&](const std::string& format) {
      return rest.starts_with(format) && goes_on_after(format.size());
    });
  const bool only_digits = pieces_[piece].field == Field::id;
  for (std::size_t bytes = 1; bytes <= std::min(rest.size(), longest(pieces_[piece])); ++bytes) {
    if (only_digits && !is_digit(rest[bytes - 1])) return false;
    if (goes_on_after(bytes)) return true;
  }
  return false;
}

}  // namespace medimirror
