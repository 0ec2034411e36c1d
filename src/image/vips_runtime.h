// Role: libvips as a process wants it: started once, one thread of its own, no operation cache, only the
// loaders that are taken, and its error text and warnings read and cleared in one place.
// Threads: start_vips() once, before anything else of this room that says so; the rest from the thread that
// decodes.
// Failure: start_vips() throws Error{internal}.
// Why not what(): libvips keeps one error text for the whole process, appends to it and never clears it, so
// an exception's text repeats the errors of earlier pictures.
#pragma once

#include <string>
#include <vector>

namespace medimirror {

void start_vips();

// Loads what libvips and its libraries would load from disk later (codec plugins), while files can still be
// opened.
void load_plugins();

// Both belong to the whole process, and are repeated or added to until somebody takes them: taken before each picture, what was
// said of one is not said of the next.
void forget_vips_texts();
std::string take_vips_error();                  // on one line; "unknown error" when libvips said nothing
std::vector<std::string> take_vips_warnings();  // what GLib's log received since the last call

}  // namespace medimirror
