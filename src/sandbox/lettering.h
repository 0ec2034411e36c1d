// Role: what is written on a pack: letters and digits as round strokes, drawn by plain arithmetic.
// Place: real_pictures stamps them. Any font library would write them better, and bring a machine's fonts, their cache
// and its threads into a service that has to live: libvips' own text (Pango) ended it in every second first trial. libvips
// clears Pango's cache of fonts around each text while Pango's thread that reads the fonts still frees into it, and the
// process dies of a division by zero inside g_hash_table_lookup; one thread and 600 texts were enough, so no lock helped.
// Threads: any number; pure.
// Failure: none. A sign that the table lacks leaves the room of a space.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace medimirror::sandbox {

// How much of each pixel is covered, 0 to 255, row by row.
struct Coverage {
  int width = 0, height = 0;
  std::vector<std::uint8_t> at;
};

// As large as fits into the room, and no larger than its ink: no margin. The table has A to Z, a to z and 0 to 9.
Coverage write_text(std::string_view text, int width_max, int height_max);

}  // namespace medimirror::sandbox
