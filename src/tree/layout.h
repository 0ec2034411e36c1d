// Role: where a file is published: a path template, checked once, rendered for each asset. Pure.
// Format of a template: text with {field} and {id/divisor} (integer division); fields: id, format,
// source_format, ext, kind, photo_type, locale, sha256. Slashes separate folders; text is of
// [A-Za-z0-9._+@=,-]. What the service did not give is rendered as "none". Safety (invariant 8): no rendered
// path is absolute, empty, longer than 1024 bytes (255 a part), has a part "." or
// "..", a part starting with "." or "-", a control character or a byte outside [A-Za-z0-9._-] in what came
// from the service (such bytes become "_"). Layout is fuzzed. Names the tree itself uses (manifest.jsonl,
// SHA256SUMS) are taken. Clashes: parse() takes only templates in which two media never share a path, so that
// two files can clash only within one media item; publisher looks for that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/digest.h"
#include "base/image.h"
#include "base/media.h"
#include "tree/template_pieces.h"

namespace medimirror {

struct PathFields {
  MediaId id = 0;
  std::string_view format;         // as asked for: "huge", or a derivative's name: "thumb"
  std::string_view source_format;  // as listed: "hugePng"
  ImageFormat image_format = ImageFormat::unknown;
  std::string_view kind, photo_type, locale;
  const Digest* digest = nullptr;  // needed where the template uses sha256
};

class PathTemplate {
 public:
  // The template, or a sentence that says what is wrong with it. Media are told apart by {id}, whole and set
  // off from its neighbours, which must occur. Whether {format} must occur depends on how many formats and
  // derivatives are published: the caller knows that and asks uses("format").
  static std::variant<PathTemplate, std::string> parse(std::string_view text);

  std::string render(const PathFields& fields) const;
  bool uses(std::string_view field) const;
  // Whether some picture's path could start with this folder. `formats`: all that are published, derivatives too.
  bool may_start_with(std::string_view folder, const std::vector<std::string>& formats) const;
  const std::string& text() const { return text_; }

 private:
  enum class Field { literal, slash, id, format, source_format, ext, kind, photo_type, locale, sha256 };
  using Piece = TemplatePiece<Field>;

  PathTemplate() = default;
  static const TemplateGrammar<Field>& grammar();
  static bool identifies(const std::vector<Piece>& pieces, std::size_t first, std::size_t last);
  std::string check() const;
  std::string check_part(std::size_t first, std::size_t last) const;
  static std::size_t longest(const Piece& piece);
  bool may_be(std::size_t piece, std::string_view rest, const std::vector<std::string>& formats) const;
  static void append(std::string& path, const Piece& piece, const PathFields& fields);

  std::string text_;
  std::vector<Piece> pieces_;
};

// The first parts of paths that the tree uses itself.
bool is_taken_name(std::string_view first_part);

}  // namespace medimirror
