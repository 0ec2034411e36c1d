// Role: the missing list: each code asked for that has no picture, or a lesser one, with the reason.
// Place: sync makes it after each run with a list of codes; missing_files writes it.
// Rule: a code may stand for several products and a product has several pictures: the best of them counts. Where
// several formats are asked for, the worst of them does. Sorted by code, so that two lists can be compared.
// Threads: one; reads a snapshot. Limits: memory is the list itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/media.h"
#include "shop/code_list.h"
#include "store/index.h"

namespace medimirror {

struct MissingOptions {
  std::vector<std::string> formats;  // asked for
  std::vector<std::string> locales;  // that the selection is limited to; empty: none
  // Whether the listings were walked to their end: before, what they did not name may still come.
  bool all_products_listed = true, all_media_listed = true;
};

struct MissingRow {
  std::string code;
  std::string kind;        // "cnk", "gtin", "medipim_id"; empty when the code is wrong
  std::uint32_t line = 0;  // of a wrong code: where it stands in the list
  std::string product, name, status;
  std::string reason;  // see missing.cc
  std::string cause;   // of a failed or rejected download: "http_404", "html_page", …
  std::string detail;  // a sentence
  MediaId media = 0;   // the picture that comes closest; 0: there is none
  std::string format;
  UnixSeconds last_attempt = 0;  // 0: none
  std::string note;
  bool operator==(const MissingRow&) const = default;
};

struct MissingList {
  std::uint64_t asked = 0;  // codes, the wrong ones included
  std::vector<MissingRow> rows;
};

MissingList find_missing(const CodeList& codes, const IndexReader& index, const MissingOptions& options);

}  // namespace medimirror
