// Role: the walk over one kind of container, a function and a file each; header.h chooses among them.
// Failure: a Rejection of kind truncated, damaged or unsupported. Limits on size are checked by the caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/image.h"

namespace medimirror {

using HeaderResult = std::variant<ImageInfo, Rejection>;

HeaderResult walk_jpeg(std::string_view bytes);
HeaderResult walk_png(std::string_view bytes);
HeaderResult walk_webp(std::string_view bytes);
HeaderResult walk_gif(std::string_view bytes);
HeaderResult walk_avif(std::string_view bytes);

// The same GIF without what follows its frames; nothing where that is known.
std::optional<std::string> without_unknown_blocks(std::string_view bytes);

void add_note(ImageInfo& info, std::string_view note);
// Of a whole picture that is not made as its format wants it: a note that begins with "irregular: ", before all others.
void add_irregularity(ImageInfo& info, std::string_view what);
void note_trailing_bytes(ImageInfo& info, std::size_t bytes);

}  // namespace medimirror
