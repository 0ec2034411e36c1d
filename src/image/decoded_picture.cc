#include "image/decoded_picture.h"

#include "image/derivative.h"
#include "image/print_maker.h"

namespace medimirror {

std::set<unsigned> levels_used(const DecodedPicture& picture, std::span<const Recipe> recipes) {
  std::set<unsigned> levels{print_level(picture.width, picture.height)};
  for (const Recipe& recipe : recipes)
    levels.insert(pyramid_level(picture.upright_width(), picture.upright_height(), recipe));
  return levels;
}

}  // namespace medimirror
