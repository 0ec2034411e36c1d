// Role: which pictures are there more than once: the same bytes under several media ids, the same picture in another
// size or encoding, and pictures that stand for many unrelated products.
// Place: `report duplicates` writes them (duplicate_files.h), the gallery shows them.
// Rule: each medium counts with the largest of its pictures that is published. Media with the same bytes, and media whose prints
// are near (base/print.h), are one look; a chain of near ones is one look too. The best of a look has the most pixels,
// then the most bytes, then the lowest id. A look is a probable placeholder when the products it stands for begin with
// kPlaceholderNames different first words ("Dafalgan 500 mg" and "Dafalgan 1 g" begin with the same); where no
// products are known, when it has kPlaceholderMedia media.
// Threads: one; reads a snapshot.
// Limits: about 200 bytes a medium. Not all pairs are compared: near prints lie in the same or neighbouring cells of a
// grid over a few of their means, so 100 000 pictures take seconds.
// Not here: which of them a view leaves out; what was mirrored without decoding (validate = "header") has no print, so
// only its bytes are compared.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/media.h"
#include "store/index.h"

namespace medimirror {

constexpr std::size_t kPlaceholderNames = 5, kPlaceholderMedia = 10;

enum class Likeness { best, same_bytes, near };  // of a picture with the best of its look
std::string_view name_of(Likeness likeness);

struct AlikePicture {
  MediaId id = 0;
  std::string format;  // of its largest picture
  Digest digest;
  std::uint32_t width = 0, height = 0;
  std::uint64_t bytes = 0;
  std::uint64_t assets = 0;  // media and formats that hold these bytes
  Likeness likeness = Likeness::near;
  std::vector<std::string> products;  // ids, ascending; the first kProductsOfPicture
};
constexpr std::size_t kProductsOfPicture = 20;

struct Look {
  std::vector<AlikePicture> pictures;        // the best first, then by id; one alone only in a placeholder
  std::vector<std::string> within_products;  // products that show two or more of them, ascending
  std::size_t names = 0;                     // different first words of the names of all its products
  bool is_placeholder = false;
};

struct Duplicates {
  std::uint64_t compared = 0, without_print = 0;  // pictures, each of different bytes
  std::vector<Look> looks;                        // by the lowest media id
};

Duplicates find_duplicates(const IndexReader& index);

}  // namespace medimirror
