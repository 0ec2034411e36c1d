// Role: takes over a folder that another tool filled: every picture in it is hashed, validated to the last pixel like a
// download, and kept as a blob; what is broken is named and left out.
// Matching: a later sync does not fetch what was adopted, where the file's name says which address it came from. As
// sync itself never asks again for an address it holds, "same address" is as good here as there; the bytes are whole,
// since they were decoded. By default a file stands for an address when its last folder and its name are those of the
// address ("huge/eb97ae42f0c1.jpeg", as tools leave them that keep the paths) and the name has 12 hex digits in a row,
// which no two versions share. With trust_names the name alone is enough, in any folder, or the media id
// ("659214.jpg", "huge/659/659214.jpg"), provided that the picture's size can be that of the format; such a name
// does not tell the version, so a picture that changed since the other tool fetched it stays old until its address
// changes. Asking conditionally would not help: nobody knows when, or whether, the bytes came from that address.
// What matches nothing is still of use: when a download brings the same bytes, they are held already.
// Place: `adopt`; the writer asks AdoptedNames when an asset without a picture is planned.
// Threads: adopt() is called by who holds the store lock; it starts its own.
// Failure: throws Error{disk, index}. A file that cannot be read, or is no good picture, is a value.
// Durability: blobs, then their records, then the names. Killed in between: adopt again, nothing is kept twice.
// Limits: one picture in memory for each thread; 48 bytes of memory a name. gc keeps what a name leads to until a complete sync has
// looked for it, and for the grace period at least; then it removes what no sync matched.
// Format: of the names, in fetch/adopted_names.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/stop.h"
#include "image/decoder_process.h"
#include "store/blob_store.h"
#include "store/index.h"

namespace medimirror {

struct AdoptOptions {
  std::filesystem::path store_folder, folder;
  std::vector<Recipe> recipes;  // derivatives are made from the same decode
  DecoderOptions decoder;
  bool pixels = true;  // else the structure only, when there are no recipes
  std::size_t threads = 2;
  std::uint64_t reserve_bytes = 0;  // of free space: below it the run ends
  bool trust_names = false;
};

struct AdoptResult {
  std::uint64_t files = 0;                       // looked at
  std::uint64_t adopted = 0, adopted_bytes = 0;  // new blobs
  std::uint64_t known = 0;                       // good, and held already
  std::uint64_t others = 0;                      // no pictures at all, by name and content
  std::uint64_t named = 0;                       // good files whose name can be matched
  std::uint64_t matched = 0;                     // assets that were wanted and are held now
  std::uint64_t broken_count = 0;
  std::vector<std::pair<std::string, std::string>>
      broken;  // path in the folder, sentence; sorted, at most 10 000
  bool interrupted = false;
};

AdoptResult adopt(const AdoptOptions& options, Index& index, BlobStore& blobs, const Clock& clock,
                  const StopFlag& stop);

}  // namespace medimirror
