// Role: where a view publishes a picture: a path template with the fields of its product. Pure.
// Format of a template: as in layout.h, with {cnk}, {ean}, {product} and {n} besides {id}, {id/divisor}, {kind},
// {photo_type}, {locale}, {format}, {sha256} and {ext}. Text is of [a-z0-9._-].
// Safety: names are fit for every shop: lower-case ASCII of [a-z0-9._-], at most 90 bytes each. Letters are made
// lower-case, nothing else is changed and nothing is cut: where a code or a product's id has other characters, or a name
// gets too long, there is no path but a sentence why. Words that only describe a picture (kind, photo type, locale,
// format) have an underscore in place of such characters, and "none" where the service gave nothing.
// No part is empty or starts with "." or "-", so no path leaves the view's folder.
// Not here: which files get a path (view_plan), clashes of paths (view_claims).
#pragma once

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

constexpr std::size_t kShopNameBytesMax = 90;

struct ViewPathFields {
  std::string_view cnk, ean, product;
  std::uint32_t n = 0;
  MediaId id = 0;
  std::string_view kind, photo_type, locale, format;
  ImageFormat image_format = ImageFormat::unknown;
  const Digest* digest = nullptr;  // needed where the template uses sha256
};

class ViewPath {
 public:
  enum class Field {
    literal,
    slash,
    cnk,
    ean,
    product,
    n,
    id,
    kind,
    photo_type,
    locale,
    format,
    sha256,
    ext
  };

  struct Refused {
    std::string why;  // the rest of a sentence: "its name would …"
  };

  // The template, or a sentence that says what is wrong with it.
  static std::variant<ViewPath, std::string> parse(std::string_view text);

  std::variant<std::string, Refused> render(const ViewPathFields& fields) const;

  bool uses(Field field) const;
  bool is_of_products() const;        // one of {cnk}, {ean}, {product}, {n}
  bool tells_pictures_apart() const;  // those of one product: {n}, {id}, {sha256}
  const std::string& text() const { return text_; }

 private:
  using Piece = TemplatePiece<Field>;

  ViewPath() = default;
  std::string check() const;

  std::string text_;
  std::vector<Piece> pieces_;
};

}  // namespace medimirror
