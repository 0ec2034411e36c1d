// Role: manifest.jsonl and SHA256SUMS compared with the table of what is published, and made anew from it.
// Place: the tree check compares, repair rewrites. Memory: a few lines, and the sorter's (tree/lines.h).
// Failure: throws Error{disk}.
#pragma once

#include <string>

#include "store/index.h"
#include "tree/manifest_merge.h"
#include "upkeep/verify.h"

namespace medimirror {

struct ListComparison {
  std::string manifest, sums;  // phrases; empty: equal
};
ListComparison compare_lists(const VerifyOptions& options, const IndexView& view);

void rewrite_lists(const VerifyOptions& options, const IndexView& view);

}  // namespace medimirror
