#include "shop/missing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>

#include "shop/code_resolution.h"

namespace medimirror {

namespace {

// How close a picture, a product or a code comes to being all right. The order is the ranking: the smallest is best.
enum class Standing : std::uint8_t {
  fine,
  older_picture,         // the picture in use is an older one: its successor could not be fetched
  smaller_format,        // the service gives no picture of the size asked for
  download_failed,       // the media host did not give it
  rejected,              // what the host gave is no good picture
  not_yet_downloaded,    // wanted, not tried: the run was stopped before
  not_yet_listed,        // the listing of the media ended before it
  no_fitting_format,     // listed, with no format that is asked for
  not_selected,          // not among the listed: unpublished, or left out by the selection
  no_photo_in_language,  // only in languages that the selection leaves out
  no_photo,              // the product has none
  product_inactive,      // no photo to be had, and the product is not sold any more
  product_replaced,
  product_not_selected,  // status no_selection
  not_yet_looked_up,     // the listing of the products ended before it
  unknown_code,
};

struct Meaning {
  std::string_view name, sentence;
};

constexpr std::array<Meaning, 16> kMeanings{{
    {"", ""},
    {"older_picture", "the picture in use is an older one, since its successor could not be fetched"},
    {"smaller_format", "the service gives only a smaller format"},
    {"download_failed", "the picture could not be downloaded"},
    {"rejected", "what came was not a good picture"},
    {"not_yet_downloaded", "the picture is listed and not downloaded yet: run sync again"},
    {"not_yet_listed", "the listing of the pictures ended before this one: run sync again"},
    {"no_fitting_format", "the picture has none of the formats asked for"},
    {"not_selected", "the product's photos are not published, or the selection leaves them out"},
    {"no_photo_in_language", "the product has photos, but none in the languages selected"},
    {"no_photo", "the product has no photo"},
    {"product_inactive", "the product is inactive and has no photo to be had"},
    {"product_replaced", "the product was replaced by another one and has no photo to be had"},
    {"product_not_selected", "the product is outside of the service's selection and has no photo to be had"},
    {"not_yet_looked_up", "the listing of the products ended before this code was met: run sync again"},
    {"unknown_code", "the service knows no product with this code"},
}};

struct Verdict {
  Standing standing = Standing::no_photo;
  MediaId media = 0;
  std::string format, cause, detail;
  UnixSeconds last_attempt = 0;
};

void take_better(std::optional<Verdict>& best, Verdict other) {
  if (!best || other.standing < best->standing) best = std::move(other);
}

std::size_t size_rank(std::string_view format) {
  constexpr std::array<std::string_view, 4> kSizes{"thumbnail", "medium", "large", "huge"};
  for (std::size_t i = 0; i < kSizes.size(); ++i)
    if (format.starts_with(kSizes[i])) return i + 1;
  return 0;
}

bool is_rejection(std::string_view outcome) {
  for (auto number = static_cast<int>(RejectionReason::empty);
       number <= static_cast<int>(RejectionReason::wrong_digest); ++number)
    if (outcome == name_of(static_cast<RejectionReason>(number))) return true;
  return false;
}

// Not listed, or listed without giving this format.
Standing standing_without_asset(const ProductMedia& media, const IndexReader& index,
                                const MissingOptions& options) {
  if (index.mark(media.id)) {
    const std::optional<MediaItem> item = index.media(media.id);
    return item && item->kind != MediaKind::link ? Standing::no_fitting_format : Standing::not_selected;
  }
  if (!options.all_media_listed) return Standing::not_yet_listed;
  const std::vector<std::string>& locales = options.locales;
  const bool other_language = !locales.empty() && !media.locales.empty() &&
                              std::ranges::none_of(media.locales, [&](const std::string& locale) {
                                return std::ranges::find(locales, locale) != locales.end();
                              });
  return other_language ? Standing::no_photo_in_language : Standing::not_selected;
}

Verdict judge_picture(const ProductMedia& media, const std::string& format, const IndexReader& index,
                      const MissingOptions& options) {
  Verdict verdict;
  verdict.media = media.id;
  verdict.format = format;
  const std::optional<AssetRecord> asset = index.asset({media.id, format});
  if (!asset || asset->state == AssetState::retired) {
    verdict.standing = standing_without_asset(media, index, options);
    return verdict;
  }
  const Attempt* last = asset->attempts.empty() ? nullptr : &asset->attempts.back();
  const auto tell_failure = [&] {
    if (last == nullptr || asset->state != AssetState::failed) return;
    verdict.cause = last->outcome;
    verdict.detail = last->detail;
  };
  if (last != nullptr) verdict.last_attempt = last->at;
  if (asset->digest) {
    const bool is_older = asset->to_fetch();
    const bool is_smaller = size_rank(asset->source_format) < size_rank(format);
    verdict.standing = is_older     ? Standing::older_picture
                       : is_smaller ? Standing::smaller_format
                                    : Standing::fine;
    if (is_older) tell_failure();
    if (!is_older && is_smaller)
      verdict.detail = fmt::format("the service gives no {}, so {} was taken", format, asset->source_format);
  } else if (asset->state == AssetState::failed && last != nullptr) {
    verdict.standing = is_rejection(last->outcome) ? Standing::rejected : Standing::download_failed;
    tell_failure();
  } else {
    verdict.standing = Standing::not_yet_downloaded;
  }
  return verdict;
}

Verdict judge_product(const Product& product, const IndexReader& index, const MissingOptions& options) {
  std::optional<Verdict> worst;
  for (const std::string& format : options.formats) {
    std::optional<Verdict> best;
    for (const ProductMedia& media : product.media)
      take_better(best, judge_picture(media, format, index, options));
    if (!best) best.emplace();
    if (!worst || worst->standing < best->standing) worst = std::move(best);
  }
  Verdict verdict = worst.value_or(Verdict{});
  // an inactive product whose picture only failed to arrive has a failure, not a status, to be told of
  if (verdict.standing >= Standing::no_fitting_format) {
    if (product.status == "inactive") verdict.standing = Standing::product_inactive;
    if (product.status == "replaced") verdict.standing = Standing::product_replaced;
    if (product.status == "no_selection") verdict.standing = Standing::product_not_selected;
  }
  return verdict;
}

std::string name_for_people(const Product& product, const std::vector<std::string>& locales) {
  for (const std::string& locale : locales)
    for (const auto& [of, name] : product.names)
      if (of == locale) return name;
  return product.names.empty() ? std::string() : product.names.front().second;
}

MissingRow row_of(const WrongCode& wrong) {
  MissingRow row;
  row.code = wrong.text;
  row.line = wrong.line;
  row.reason = wrong.reason;
  row.detail = wrong.detail;
  return row;
}

// Nothing: the code has its picture.
std::optional<MissingRow> row_of(const AskedCode& code, const IndexReader& index,
                                 const MissingOptions& options) {
  Verdict verdict;
  verdict.standing = options.all_products_listed ? Standing::unknown_code : Standing::not_yet_looked_up;
  std::optional<Product> closest;
  for (const std::string& id : products_of(code, index)) {
    const std::optional<ProductRecord> record = index.product(id);
    if (!record) continue;
    Verdict other = judge_product(record->product, index, options);
    if (other.standing == Standing::fine) return std::nullopt;
    if (closest && verdict.standing <= other.standing) continue;
    verdict = std::move(other);
    closest = record->product;
  }
  const Meaning& meaning = kMeanings[static_cast<std::size_t>(verdict.standing)];
  MissingRow row;
  row.code = code.text;
  row.kind = name_of(code.kind);
  if (closest) {
    row.product = closest->id;
    row.name = name_for_people(*closest, options.locales);
    row.status = closest->status;
  }
  row.reason = meaning.name;
  row.cause = std::move(verdict.cause);
  row.detail = verdict.detail.empty() ? std::string(meaning.sentence) : std::move(verdict.detail);
  row.media = verdict.media;
  row.format = std::move(verdict.format);
  row.last_attempt = verdict.last_attempt;
  row.note = code.note;
  return row;
}

}  // namespace

MissingList find_missing(const CodeList& codes, const IndexReader& index, const MissingOptions& options) {
  MissingList list;
  list.asked = codes.codes.size() + codes.wrong.size();
  for (const WrongCode& wrong : codes.wrong) list.rows.push_back(row_of(wrong));
  for (const AskedCode& code : codes.codes)
    if (std::optional<MissingRow> row = row_of(code, index, options)) list.rows.push_back(std::move(*row));
  std::ranges::sort(list.rows, {}, [](const MissingRow& row) { return std::tie(row.code, row.line); });
  return list;
}

}  // namespace medimirror
