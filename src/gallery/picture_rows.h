// Role: one medium as the site's data: a card, a row of details, the rows of its failures. Pure.
// Format: assets/data.js reads these; both change together.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gallery/picture.h"
#include "gallery/script_text.h"
#include "shop/duplicates.h"

namespace medimirror {

// [id, kind, photo type, languages, state, problems, product name, thumbnail path, its width, its height]; kind to
// problems are places in the summary's lists; a medium without a thumbnail ends before it.
struct CardCodes {
  std::size_t kind = 0, type = 0, languages = 0, state = 0, problems = 0;
};
Json card_row(const Picture& picture, const CardCodes& codes);

struct DetailExtras {
  std::function<std::string(const AssetKey&)> refused_sample;     // may be empty
  std::function<std::vector<MediaId>(const Digest&)> same_bytes;  // media that hold this, this one included
  std::function<const Look*(MediaId)> look;  // that it belongs to with others; else nothing
};
Json detail_row(const Picture& picture, const DetailExtras& extras);

// [id, CNK, [EAN, …], [[locale, name], …], status, [media id, …]]
Json product_row(const Product& product);

// "id\tCNK\tEAN\t…\tname\t…\fmedia id,media id,…": what search looks through, as one text because a hundred thousand
// texts are read in a fraction of the time that their rows take. No control character but these is in it.
std::string search_row(const Product& product);

struct FailureRow {
  std::string reason;
  Json
      row;  // [id, format, sentence, last attempt, attempts in that run, URL, 1 when an older picture is shown]
};
std::vector<FailureRow> failure_rows(const Picture& picture);

}  // namespace medimirror
