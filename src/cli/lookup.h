// Role: what a person holds in hand -> the medium or product it names: a media id, a code (CNK, EAN, GTIN), a Medipim id,
// a SHA-256, a path, a file name, a URL.
// Place: show. Threads: one; reads a snapshot.
// Rule: ids and codes by the index; everything else as an address. Two addresses are the same when one ends with the
// other at a slash: so a path may start at media/, at the root of the disk, at the shop's host, or be its last part
// alone. What is published comes before what the service lists.
// Failure: an empty result. Limits: an address walks over all published files, then over all media.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/media.h"
#include "store/index.h"

namespace medimirror {

struct Found {
  std::optional<Product> product;  // where the words name one: its media are in `media`
  std::vector<MediaId> media;      // ascending
  std::string note;                // what else they may have meant; usually empty

  bool nothing() const { return !product && media.empty(); }
};

Found look_up(const std::string& words, const IndexReader& index);

}  // namespace medimirror
