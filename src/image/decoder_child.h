// Role: the decoder's side of the process boundary: confine, then answer requests until the other end closes.
// Place: started by decoder_process.cc through decoder_process_main(). Tests serve with a function of their
// own, that crashes, hangs or eats memory, so that the real one needs no back doors.
#pragma once

#include <string_view>
#include <variant>

#include "image/inspector.h"

namespace medimirror {

using InspectFunction = std::variant<Inspection, Rejection> (*)(std::string_view, const Recipes&,
                                                                const Limits&);

// Returns the exit status of the process.
int serve_decoder(int fd, InspectFunction inspect);

}  // namespace medimirror
